// Masks say of each pixel what the maps say where it lies.
#include "models/segment/bodypix.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "tests/native/expect_error.h"

namespace gesso {
namespace {

// The outputs of a network, in memory of their own.
struct Maps {
  std::vector<std::vector<float>> values;
  std::vector<PoseOutput> outputs;

  std::vector<float>& add(std::string_view name, int height, int width, int channels) {
    Shape shape{1, height, width, channels};
    values.reserve(8);  // so that what the outputs refer to stays where it is
    values.emplace_back(shape.count());
    outputs.push_back({name, shape, values.back()});
    return values.back();
  }

  std::vector<float>& random(std::string_view name, int height, int width, int channels,
                             float spread, unsigned seed) {
    std::mt19937 generator(seed);
    std::uniform_real_distribution<float> numbers(-spread, spread);
    auto& made = add(name, height, width, channels);
    for (float& x : made) x = numbers(generator);
    return made;
  }
};

SeenPicture seen(int width, int height, const Shape& input, const ImageOptions& options = {}) {
  return {width, height, map_of(width, height, options, input), input};
}

// A channel of a map where a pixel lies, from the definition. Not a number where the network did
// not look.
double value_at(const PoseOutput& output, const SeenPicture& picture, int x, int y, int channel) {
  auto place = [](double pixel, double origin, double step, int elements, int cells) {
    double element = (pixel - origin) / step;
    if (!(element > -1 && element < elements)) return std::nan("");
    double share = elements > 1 ? std::clamp(element / (elements - 1), 0.0, 1.0) : 0;
    return share * (cells - 1);
  };
  int height = output.shape[1], width = output.shape[2], channels = output.shape[3];
  double column = place(x, picture.map.x, picture.map.x_by_column, picture.input[2], width);
  double row = place(y, picture.map.y, picture.map.y_by_row, picture.input[1], height);
  if (std::isnan(column) || std::isnan(row)) return std::nan("");
  auto at = [&](int i, int j) {
    i = std::min(i, height - 1);
    j = std::min(j, width - 1);
    return double(output.values[size_t((i * width + j) * channels + channel)]);
  };
  int top = int(row), left = int(column);
  double down = row - top, across = column - left;
  return (at(top, left) * (1 - across) + at(top, left + 1) * across) * (1 - down) +
         (at(top + 1, left) * (1 - across) + at(top + 1, left + 1) * across) * down;
}

double probability(double logit) {
  return 1 / (1 + std::exp(-logit));
}

struct Look {
  const char* name;
  int width, height;
  Shape input;
  int rows, columns;  // of the map
  ImageOptions options;
};

const std::vector<Look>& looks() {
  static const std::vector<Look> all = {
      {"a photo with bars",
       97,
       61,
       {1, 65, 65, 3},
       5,
       5,
       {.fit = Fit::contain, .sampling = Sampling::asymmetric}},
      {"its middle",
       97,
       61,
       {1, 33, 33, 3},
       5,
       5,
       {.fit = Fit::crop, .sampling = Sampling::half_pixel}},
      {"stretched", 61, 97, {1, 49, 33, 3}, 7, 5, {}},
      {"mirrored", 61, 97, {1, 33, 49, 3}, 5, 7, {.sampling = Sampling::half_pixel, .flip = true}},
      {"a map as fine as the input",
       50,
       40,
       {1, 16, 16, 3},
       16,
       16,
       {.sampling = Sampling::half_pixel}},
      {"more cells than pixels", 7, 5, {1, 33, 33, 3}, 33, 33, {}},
      {"one cell", 20, 10, {1, 9, 9, 3}, 1, 1, {}},
      {"one pixel", 1, 1, {1, 9, 9, 3}, 3, 3, {.sampling = Sampling::half_pixel}},
  };
  return all;
}

// A number where rounding alone decides on which side of a limit it is.
bool is_close(double x, double limit) {
  return std::abs(x - limit) < 1e-4;
}

TEST(BodyPix, person_masks_follow_the_definition) {
  for (const Look& look : looks()) {
    SCOPED_TRACE(look.name);
    SeenPicture picture = seen(look.width, look.height, look.input, look.options);
    Maps maps;
    maps.random("segments", look.rows, look.columns, 1, 4, 1);
    std::vector<uint8_t> hard(size_t(look.width * look.height)), soft = hard, likely = hard;
    mask_person(maps.outputs, picture, {.threshold = 0.6f}, hard);
    mask_person(maps.outputs, picture, {.soft = true}, soft);
    mask_person(maps.outputs, picture, {.threshold = 0.25f, .probabilities = true}, likely);
    for (int y = 0; y < look.height; ++y)
      for (int x = 0; x < look.width; ++x) {
        size_t i = size_t(y * look.width + x);
        double logit = value_at(maps.outputs[0], picture, x, y, 0), p = probability(logit);
        if (!is_close(p, 0.6)) EXPECT_EQ(hard[i], p > 0.6 ? 255 : 0) << x << " " << y;
        if (!is_close(logit, 0.25)) EXPECT_EQ(likely[i], logit > 0.25 ? 255 : 0) << x << " " << y;
        double share = std::clamp((p - 0.7) / (2 * soft_edge) + 0.5, 0.0, 1.0);
        EXPECT_NEAR(soft[i], std::isnan(p) ? 0 : share * 255, 2.5) << x << " " << y;
      }
  }
}

TEST(BodyPix, parts_are_the_strongest_within_people) {
  for (const Look& look : looks()) {
    SCOPED_TRACE(look.name);
    SeenPicture picture = seen(look.width, look.height, look.input, look.options);
    Maps maps;
    maps.random("segments", look.rows, look.columns, 1, 4, 2);
    maps.random("parts", look.rows, look.columns, bodypix_part_count, 3, 3);
    std::vector<uint8_t> people(size_t(look.width * look.height)), parts = people;
    mask_person(maps.outputs, picture, {.threshold = 0.4f}, people);
    mask_parts(maps.outputs, picture, 0.4f, parts);
    for (int y = 0; y < look.height; ++y)
      for (int x = 0; x < look.width; ++x) {
        size_t i = size_t(y * look.width + x);
        EXPECT_EQ(parts[i] != nobody, people[i] == 255) << x << " " << y;
        if (parts[i] == nobody) continue;
        ASSERT_LT(parts[i], bodypix_part_count);
        double own = value_at(maps.outputs[1], picture, x, y, parts[i]);
        for (int part = 0; part < bodypix_part_count; ++part)
          EXPECT_GE(own, value_at(maps.outputs[1], picture, x, y, part) - 1e-4) << x << " " << y;
      }
  }
}

TEST(BodyPix, two_channels_speak_against_and_for_a_person) {
  SeenPicture picture = seen(4, 1, {1, 1, 4, 3});
  Maps maps;
  maps.add("masks", 1, 4, 2) = {0, 1, 1, 0, -3, -1, 0.2f, 0.8f};
  std::vector<uint8_t> mask(4);
  mask_person(maps.outputs, picture, {.threshold = 0.7f}, mask);
  EXPECT_EQ(mask, (std::vector<uint8_t>{255, 0, 255, 0}));
  mask_person(maps.outputs, picture, {.threshold = 0.7f, .probabilities = true}, mask);
  EXPECT_EQ(mask, (std::vector<uint8_t>{255, 0, 0, 255}));
}

TEST(BodyPix, limits_are_exclusive_and_nothing_is_above_one) {
  SeenPicture picture = seen(3, 1, {1, 1, 3, 3});
  Maps maps;
  maps.add("masks", 1, 3, 1) = {0, 0.5f, 1};
  std::vector<uint8_t> mask(3);
  MaskOptions options{.threshold = 0.5f, .probabilities = true};
  mask_person(maps.outputs, picture, options, mask);
  EXPECT_EQ(mask, (std::vector<uint8_t>{0, 0, 255}));
  options.threshold = 1;
  mask_person(maps.outputs, picture, options, mask);
  EXPECT_EQ(mask, (std::vector<uint8_t>{0, 0, 0}));
  mask_person(maps.outputs, picture, {.threshold = 1}, mask);
  EXPECT_EQ(mask, (std::vector<uint8_t>{0, 0, 0}));
  mask_person(maps.outputs, picture, {.threshold = 0}, mask);
  EXPECT_EQ(mask, (std::vector<uint8_t>{255, 255, 255}));
}

// Maps of people who stand side by side, as a network would give them that sees perfectly.
struct Crowd : Maps {
  static constexpr int size = 9, stride = 16, width = stride * (size - 1) + 1;
  static constexpr auto parts = size_t(posenet_part_count), edges = size_t(posenet_edge_count);

  struct Person {
    float x;      // all points lie on one line down
    int first;    // column of cells from which on all are the person's
    float logit;  // of its points
  };

  explicit Crowd(const std::vector<Person>& people) {
    auto& offsets = add("float_short_offsets", size, size, 2 * posenet_part_count);
    auto& segments = add("float_segments", size, size, 1);
    auto& leads = add("float_long_offsets", size, size, 2 * posenet_part_count);
    auto& heatmaps = add("float_heatmaps", size, size, posenet_part_count);
    auto& forward = add("displacement_fwd_2", size, size, 2 * posenet_edge_count);
    auto& backward = add("displacement_bwd_2", size, size, 2 * posenet_edge_count);
    std::fill(segments.begin(), segments.end(), 5.0f);
    std::fill(heatmaps.begin(), heatmaps.end(), -9.0f);
    for (const Person& person : people) {
      auto y_of = [](size_t part) { return 8 + 6 * float(part); };
      auto cell_of = [&](size_t part) {
        return size_t(std::lround(y_of(part) / stride) * size + std::lround(person.x / stride));
      };
      for (size_t part = 0; part < parts; ++part) {
        size_t cell = cell_of(part);
        heatmaps[cell * parts + part] = person.logit;
        offsets[cell * 2 * parts + part] = y_of(part) - float(cell / size * stride);
        offsets[cell * 2 * parts + parts + part] = person.x - float(cell % size * stride);
        for (int row = 0; row < size; ++row)
          for (int column = person.first; column < size; ++column) {
            auto at = size_t(row * size + column) * 2 * parts;
            leads[at + part] = y_of(part) - float(row * stride);
            leads[at + parts + part] = person.x - float(column * stride);
          }
      }
      for (size_t edge = 0; edge < edges; ++edge) {
        auto from = size_t(posenet_edges[edge].from), to = size_t(posenet_edges[edge].to);
        forward[cell_of(from) * 2 * edges + edge] = y_of(to) - y_of(from);
        backward[cell_of(to) * 2 * edges + edge] = y_of(from) - y_of(to);
      }
    }
  }
};

// A picture twice as large as the input.
const SeenPicture& large() {
  static const SeenPicture picture = seen(257, 257, {1, Crowd::width, Crowd::width, 3});
  return picture;
}

std::vector<uint8_t> blank(const SeenPicture& picture) {
  return std::vector<uint8_t>(size_t(picture.width) * size_t(picture.height), 77);
}

TEST(BodyPix, pixels_belong_to_the_person_whose_face_they_lead_to) {
  Crowd crowd({{20, 0, 2}, {108, 4, 3}});
  auto mask = blank(large());
  auto people = mask_people(crowd.outputs, large(), {}, mask);
  ASSERT_EQ(people.size(), 2u);
  EXPECT_NEAR(people[0].points[0].x, 108, 1e-3) << "the surest comes first";
  EXPECT_NEAR(people[1].points[0].x, 20, 1e-3);
  // The fourth column of cells is at pixel 128: from the middle before it on, it is the nearest.
  for (int y = 0; y < large().height; ++y)
    for (int x = 0; x < large().width; ++x) {
      if (std::abs(x - 112) <= 2) continue;
      EXPECT_EQ(mask[size_t(y * large().width + x)], x < 112 ? 1 : 0) << x << " " << y;
    }
}

TEST(BodyPix, what_is_no_person_is_nobodys) {
  Crowd crowd({{64, 0, 3}});
  auto& segments = crowd.values[1];
  std::fill(segments.begin(), segments.begin() + 4 * Crowd::size, -5.0f);
  auto mask = blank(large()), person = mask;
  mask_people(crowd.outputs, large(), {.threshold = 0.6f}, mask);
  mask_person(crowd.outputs, large(), {.threshold = 0.6f}, person);
  for (size_t i = 0; i < mask.size(); ++i) EXPECT_EQ(mask[i], person[i] ? 0 : nobody);
}

TEST(BodyPix, people_without_a_score_or_a_face_are_left_out) {
  Crowd crowd({{20, 0, 3}, {108, 4, 0.1f}});
  auto mask = blank(large());
  EXPECT_EQ(mask_people(crowd.outputs, large(), {.score = 0.6f}, mask).size(), 1u);
  EXPECT_EQ(std::count(mask.begin(), mask.end(), 0), std::ssize(mask));
  EXPECT_EQ(mask_people(crowd.outputs, large(), {.score = 0.99f}, mask).size(), 0u);
  EXPECT_EQ(std::count(mask.begin(), mask.end(), nobody), std::ssize(mask));
  EXPECT_EQ(mask_people(crowd.outputs, large(), {.point_score = 0.6f}, mask).size(), 2u);
  EXPECT_EQ(std::count(mask.begin(), mask.end(), 0), std::ssize(mask));
  EXPECT_EQ(mask_people(crowd.outputs, large(), {.point_score = 0.99f}, mask).size(), 2u);
  EXPECT_EQ(std::count(mask.begin(), mask.end(), nobody), std::ssize(mask));
}

TEST(BodyPix, any_numbers_are_survived) {
  std::mt19937 random(5);
  constexpr float wild[] = {0,
                            1,
                            -5,
                            20,
                            -1e30f,
                            1e30f,
                            std::numeric_limits<float>::infinity(),
                            std::numeric_limits<float>::quiet_NaN()};
  for (int time = 0; time < 20; ++time) {
    Crowd crowd({{20, 0, 2}, {108, 4, 3}});
    for (auto& map : crowd.values)
      for (float& x : map)
        if (random() % 4 == 0) x = wild[random() % std::size(wild)];
    crowd.random("parts", Crowd::size, Crowd::size, bodypix_part_count, 3, 3);
    for (float& x : crowd.values.back())
      if (random() % 4 == 0) x = wild[random() % std::size(wild)];
    auto mask = blank(large());
    mask_person(crowd.outputs, large(), {}, mask);
    mask_person(crowd.outputs, large(), {.soft = true}, mask);
    mask_parts(crowd.outputs, large(), 0.5f, mask);
    for (uint8_t part : mask) EXPECT_TRUE(part < bodypix_part_count || part == nobody);
    auto people = mask_people(crowd.outputs, large(), {.score = -1}, mask);
    for (uint8_t person : mask) EXPECT_TRUE(person < people.size() || person == nobody);
  }
}

TEST(BodyPix, outputs_that_are_missing_or_torn_are_refused) {
  SeenPicture picture = seen(4, 3, {1, 33, 33, 3});
  std::vector<uint8_t> mask(12);
  Maps maps;
  maps.random("segments", 3, 3, 1, 1, 1);
  expect_error([&] { mask_parts(maps.outputs, picture, 0.7f, mask); },
               "segment: the network has no such output.\n"
               "  missing  parts\n"
               "  channels  24\n"
               "  Try: a BodyPix; a network that only tells people from what is behind gives a "
               "person mask");
  expect_error([&] { mask_people(maps.outputs, picture, {}, mask); },
               "segment: the network has no such output.\n"
               "  missing  long offsets\n"
               "  channels  34\n"
               "  Try: a BodyPix; a network that only tells people from what is behind gives a "
               "person mask");
  maps.random("parts", 2, 3, bodypix_part_count, 1, 1);
  expect_error([&] { mask_parts(maps.outputs, picture, 0.7f, mask); },
               "segment: the maps of the network do not belong together.\n"
               "  people  [3, 3]\n"
               "  parts  [2, 3]\n"
               "  Try: a BodyPix, whose outputs have one size");
  maps.outputs[0].values = maps.outputs[0].values.first(8);
  expect_error([&] { mask_person(maps.outputs, picture, {}, mask); },
               "segment: an output of the network is empty or torn.\n"
               "  output  segments\n"
               "  shape  [1, 3, 3, 1]\n"
               "  numbers  8\n"
               "  Try: a network whose output has a number for each place of its shape");
}

TEST(BodyPix, sizes_and_limits_that_make_no_sense_are_refused) {
  Maps maps;
  maps.random("segments", 3, 3, 1, 1, 1);
  Shape input{1, 33, 33, 3};
  std::vector<uint8_t> mask(12);
  SeenPicture picture = seen(4, 3, input);
  auto attempt = [&](const SeenPicture& one, float threshold, std::span<uint8_t> out) {
    return
        [&, one, threshold, out] { mask_person(maps.outputs, one, {.threshold = threshold}, out); };
  };
  expect_error(attempt(picture, 0.7f, std::span(mask).first(11)),
               "segment: a mask has a byte for each pixel of the picture.\n"
               "  width  4\n"
               "  height  3\n"
               "  bytes  11\n"
               "  Try: a picture that is not empty, and width x height bytes");
  expect_error(attempt({0, 3, picture.map, input}, 0.7f, {}),
               "segment: a mask has a byte for each pixel of the picture.\n"
               "  width  0\n"
               "  height  3\n"
               "  bytes  0\n"
               "  Try: a picture that is not empty, and width x height bytes");
  expect_error(attempt({4, 3, picture.map, {1, 33, 33}}, 0.7f, mask),
               "segment: this input of the network does not take a picture.\n"
               "  input  [1, 33, 33]\n"
               "  Try: an input [1, height, width, channels]");
  expect_error(attempt({4, 3, {0, 0, 1, 0.5, 0, 1}, input}, 0.7f, mask),
               "segment: the network must see the picture upright.\n"
               "  x by column  1\n"
               "  x by row  0\n"
               "  y by column  0.5\n"
               "  y by row  1\n"
               "  Try: a picture that fills the input stretched, cropped or with bars");
  for (float wrong : {1.5f, -0.1f})
    expect_error(attempt(picture, wrong, mask),
                 std::string("segment: the threshold is a probability.\n  threshold  ") +
                     (wrong > 0 ? "1.5" : "-0.1") + "\n  Try: 0.7, or another number from 0 to 1");
  EXPECT_THROW(attempt(picture, std::nanf(""), mask)(), Error);
  expect_error([&] { mask_people(maps.outputs, picture, {.poses = {.most = 255}}, mask); },
               "segment: so many people cannot be told apart.\n"
               "  most  255\n"
               "  Try: at most 253");
}

}  // namespace
}  // namespace gesso
