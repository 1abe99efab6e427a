#include "models/segment/bodypix.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/decimal.h"
#include "core/error.h"
#include "core/simd.h"

namespace gesso {

namespace {

// One output of the network, [height, width, channels].
struct Grid {
  int height = 0, width = 0, channels = 0;
  std::span<const float> values;

  size_t line() const { return size_t(width) * size_t(channels); }
  const float* row(int y) const { return values.data() + size_t(y) * line(); }
};

// The first output with so many channels and a text in its name; null where there is none.
const PoseOutput* find(std::span<const PoseOutput> outputs, int channels, std::string_view part) {
  for (const PoseOutput& output : outputs) {
    const Shape& shape = output.shape;
    if (shape.rank() == 4 && shape[0] == 1 && shape[3] == channels &&
        output.name.find(part) != output.name.npos)
      return &output;
  }
  return nullptr;
}

Grid grid_of(const PoseOutput* output, const char* what, int channels) {
  if (!output)
    fail("segment: the network has no such output", {{"missing", what}, {"channels", channels}},
         "a BodyPix; a network that only tells people from what is behind gives a person mask");
  const Shape& shape = output->shape;
  if (shape[1] < 1 || shape[2] < 1 || output->values.size() != shape.count())
    fail("segment: an output of the network is empty or torn",
         {{"output", output->name}, {"shape", shape}, {"numbers", output->values.size()}},
         "a network whose output has a number for each place of its shape");
  return {shape[1], shape[2], shape[3], output->values};
}

// Neighbouring pixels of a row or column that lie between the same two cells. Pixel i of it is
// start + i * step on the way from the one to the other.
struct Run {
  int first, count;
  int from, to;
  float start, step;

  float way(int i) const { return start + float(i) * step; }
};

// One direction of a picture over one direction of a map.
struct Axis {
  double origin, step;  // in pixels: the first element of the network's input, from one to the next
  int elements;         // of the input

  // Without steps all elements are one pixel.
  double element(int pixel) const { return step != 0 ? (pixel - origin) / step : 0; }

  // What the network saw; what is less than an element outside is as the edge.
  std::vector<Run> runs(int pixels, int cells) const {
    std::vector<Run> all;
    double last = elements - 1, cells_by_element = elements > 1 ? (cells - 1) / last : 0;
    auto way_of = [&](int pixel, int from) {
      return std::clamp(element(pixel), 0.0, last) * cells_by_element - from;
    };
    bool was_inside = false;
    for (int pixel = 0; pixel < pixels; ++pixel) {
      double place = element(pixel);
      if (!(place > -1 && place < elements)) continue;
      bool inside = place >= 0 && place <= last;
      int from = std::clamp(int(way_of(pixel, 0)), 0, std::max(cells - 2, 0));
      bool goes_on = !all.empty() && all.back().first + all.back().count == pixel &&
                     all.back().from == from && inside && was_inside;
      was_inside = inside;
      if (goes_on)
        ++all.back().count;
      else
        all.push_back({pixel, 1, from, std::min(from + 1, cells - 1), 0, 0});
    }
    for (Run& run : all) {
      run.start = float(way_of(run.first, run.from));
      if (run.count > 1)
        run.step =
            float(way_of(run.first + run.count - 1, run.from) - run.start) / float(run.count - 1);
    }
    return all;
  }
};

struct Axes {
  Axis across, down;
};

Axes axes_of(const SeenPicture& picture, std::span<uint8_t> out) {
  auto [width, height, map, input] = picture;
  if (width < 1 || height < 1 || out.size() != size_t(width) * size_t(height))
    fail("segment: a mask has a byte for each pixel of the picture",
         {{"width", width}, {"height", height}, {"bytes", out.size()}},
         "a picture that is not empty, and width x height bytes");
  if (input.rank() != 4 || input[1] < 1 || input[2] < 1)
    fail("segment: this input of the network does not take a picture", {{"input", input}},
         "an input [1, height, width, channels]");
  bool upright = map.x_by_row == 0 && map.y_by_column == 0;
  for (double number : {map.x, map.y, map.x_by_column, map.y_by_row})
    upright = upright && std::isfinite(number);
  if (!upright)
    fail("segment: the network must see the picture upright",
         {{"x by column", decimal(map.x_by_column)},
          {"x by row", decimal(map.x_by_row)},
          {"y by column", decimal(map.y_by_column)},
          {"y by row", decimal(map.y_by_row)}},
         "a picture that fills the input stretched, cropped or with bars");
  return {{map.x, map.x_by_column, input[2]}, {map.y, map.y_by_row, input[1]}};
}

void check(float threshold) {
  if (!(threshold >= 0 && threshold <= 1))
    fail("segment: the threshold is a probability", {{"threshold", decimal(double(threshold))}},
         "0.7, or another number from 0 to 1");
}

float logit_of(float probability) {
  return std::log(probability / (1 - probability));
}

// Rows of a map, mixed.
class Lines {
 public:
  explicit Lines(const Grid& grid) : grid_(grid), line_(grid.line()) {}

  // What lies at pixel i of a run down the picture, [width, channels]; until the next call.
  const float* at(const Run& down, int i) {
    const float *from = grid_.row(down.from), *to = grid_.row(down.to);
    simd::Floats way = simd::splat(down.way(i));
    simd::each_vector(line_.size(), [&](size_t k, auto load, auto store) {
      simd::Floats above = load(from + k);
      store(line_.data() + k, simd::madd(load(to + k) - above, way, above));
    });
    return line_.data();
  }

 private:
  Grid grid_;
  std::vector<float> line_;
};

// A number that changes evenly along the pixels of a run.
struct Ramp {
  float start, step;

  Ramp(float from, float to, const Run& run)
      : start(from + (to - from) * run.start), step((to - from) * run.step) {}
  float at(int i) const { return start + float(i) * step; }
};

// Pixels first to last - 1 of a row.
struct Span {
  int first, last;
};

// Which of so many pixels are above a threshold: one stretch at most.
Span above(const Ramp& ramp, int count, float threshold) {
  bool at_first = ramp.start > threshold, at_last = ramp.at(count - 1) > threshold;
  if (at_first == at_last) return {0, at_first ? count : 0};
  float cross = (threshold - ramp.start) / ramp.step;
  auto inside = [&](float pixel) {
    return pixel > 1 ? int(std::min(pixel, float(count - 1))) : 1;  // 1 also for what is no number
  };
  if (at_first) return {0, inside(std::ceil(cross))};
  return {inside(std::floor(cross) + 1), count};
}

// Calls f(down, i, across, pixels) for each stretch of pixels of a run across the picture, at pixel
// i of a run down the picture, that are above a threshold.
template <class F>
void each_span(const Grid& grid, const std::vector<Run>& across, const std::vector<Run>& down,
               float threshold, F f) {
  Lines lines(grid);
  for (const Run& rows : down)
    for (int i = 0; i < rows.count; ++i) {
      const float* line = lines.at(rows, i);
      for (const Run& run : across) {
        Span pixels = above(Ramp(line[run.from], line[run.to], run), run.count, threshold);
        if (pixels.first < pixels.last) f(rows, i, run, pixels);
      }
    }
}

// The bytes of a soft mask for probabilities or logits, by a table.
class Softness {
 public:
  explicit Softness(const MaskOptions& options) {
    auto byte = [&](float probability) {
      float share = (probability - options.threshold) / (2 * soft_edge) + 0.5f;
      return uint8_t(std::clamp(share, 0.0f, 1.0f) * 255 + 0.5f);
    };
    low_ = options.probabilities ? 0 : -8;
    high_ = options.probabilities ? 1 : 8;  // logits beyond are as sure as bytes can tell
    for (size_t i = 0; i < table_.size(); ++i) {
      float x = low_ + float(i) / last * (high_ - low_);
      table_[i] = byte(options.probabilities ? x : 1 / (1 + std::exp(-x)));
    }
    scale_ = last / (high_ - low_);
  }

  uint8_t operator()(float x) const {
    x = x > low_ ? x : low_;  // also what is no number
    x = x < high_ ? x : high_;
    return table_[size_t((x - low_) * scale_ + 0.5f)];
  }

 private:
  static constexpr float last = 1020;

  float low_, high_, scale_;
  std::array<uint8_t, size_t(last) + 1> table_;
};

// The map that speaks for people; where there are two, their difference, or the second alone, is
// written to `single`.
Grid person_grid(std::span<const PoseOutput> outputs, bool probabilities,
                 std::vector<float>& single) {
  const PoseOutput* one = find(outputs, 1, "");
  const PoseOutput* two = one ? nullptr : find(outputs, 2, "");
  if (!two) return grid_of(one, "people", 1);
  Grid grid = grid_of(two, "people", 2);
  single.resize(grid.values.size() / 2);
  for (size_t i = 0; i < single.size(); ++i)
    single[i] = grid.values[2 * i + 1] - (probabilities ? 0 : grid.values[2 * i]);
  return {grid.height, grid.width, 1, single};
}

// Which of the parts is strongest at each pixel of a run. They change evenly from one cell to the
// next: where one part wins at both ends of a stretch, it wins in between.
class PartPainter {
 public:
  // At each cell [24].
  PartPainter(const float* from, const float* to, const Run& run) {
    for (size_t c = 0; c < parts; ++c) {
      float change = to[c] - from[c];
      start_[c] = from[c] + change * run.start;
      step_[c] = change * run.step;
    }
  }

  void paint(Span pixels, uint8_t* row) const {
    int last = pixels.last - 1;
    paint(pixels.first, last, winner(pixels.first), winner(last), row);
  }

 private:
  static constexpr auto parts = size_t(bodypix_part_count);

  uint8_t winner(int pixel) const {
    std::array<float, parts> scores;
    for (size_t c = 0; c < parts; ++c) scores[c] = start_[c] + float(pixel) * step_[c];
    return uint8_t(std::max_element(scores.begin(), scores.end()) - scores.begin());
  }

  void paint(int first, int last, uint8_t at_first, uint8_t at_last, uint8_t* row) const {
    if (at_first == at_last) {
      std::fill(row + first, row + last + 1, at_first);
    } else if (last - first == 1) {
      row[first] = at_first;
      row[last] = at_last;
    } else {
      int middle = (first + last) / 2;
      uint8_t at_middle = winner(middle);
      paint(first, middle, at_first, at_middle, row);
      paint(middle, last, at_middle, at_last, row);
    }
  }

  std::array<float, parts> start_, step_;
};

// Finds the face that the long offsets lead to.
class FaceFinder {
 public:
  FaceFinder(const Grid& offsets, const Shape& input, const std::vector<DecodedPose>& people,
             float point_score)
      : people_(people),
        point_score_(point_score),
        down_{offsets.height, input[1]},
        across_{offsets.width, input[2]},
        leads_(size_t(offsets.height) * size_t(offsets.width)) {
    for (size_t cell = 0; cell < leads_.size(); ++cell) {
      const float* offset = &offsets.values[cell * size_t(offsets.channels)];
      for (size_t k = 0; k < face_points; ++k)
        leads_[cell][k] = {share * offset[posenet_part_count + k], share * offset[k]};
    }
  }

  // For a place in the network's input. `nobody` where no face is to be seen at all.
  uint8_t person(float x, float y) const {
    Places places;
    places.fill({x, y});
    for (int i = 0; i < steps; ++i)
      for (size_t k = 0; k < face_points; ++k) {
        size_t cell = down_.cell(places[k].y) * size_t(across_.cells) + across_.cell(places[k].x);
        places[k].x += leads_[cell][k].x;
        places[k].y += leads_[cell][k].y;
      }
    uint8_t nearest = nobody;
    float least = std::numeric_limits<float>::infinity();
    for (size_t i = 0; i < people_.size(); ++i) {
      float far = distance(places, people_[i]);
      if (far < least) {
        least = far;
        nearest = uint8_t(i);
      }
    }
    return nearest;
  }

 private:
  // Nose, eyes and ears: the first points of a pose.
  static constexpr size_t face_points = 5;
  // A place is led a share of the way, from there again, and so on. The package takes ten
  // after the first, and the share is that of the input's size in the picture's: by default half.
  static constexpr float share = 0.5f;
  static constexpr int steps = 11;

  struct Place {
    float x, y;
  };
  using Places = std::array<Place, face_points>;

  // One direction of the offsets over one direction of the input.
  struct Cells {
    Cells(int count, int elements)
        : cells(count), by_element(elements > 1 ? float(count - 1) / float(elements - 1) : 0) {}
    // The nearest one; the first also for what is no number.
    size_t cell(float place) const {
      float nearest = place * by_element + 0.5f;
      return nearest > 0 ? size_t(std::min(nearest, float(cells - 1))) : 0;
    }
    int cells;
    float by_element;
  };

  // The mean over the points that are to be seen.
  float distance(const Places& places, const DecodedPose& pose) const {
    float sum = 0;
    int count = 0;
    for (size_t k = 0; k < face_points; ++k) {
      const PosePoint& point = pose.points[k];
      if (!(point.score > point_score_)) continue;
      float x = places[k].x - point.x, y = places[k].y - point.y;
      sum += x * x + y * y;
      ++count;
    }
    return count > 0 ? sum / float(count) : std::numeric_limits<float>::infinity();
  }

  const std::vector<DecodedPose>& people_;
  float point_score_;
  Cells down_, across_;
  std::vector<Places> leads_;  // from each cell to each point
};

// A pixel of a person that is yet to be found.
constexpr uint8_t somebody = 254;

// Gives each pixel that is somebody's to a person. Where the corners of a block of pixels are one
// person's, all of it is; other blocks are divided.
class PeoplePainter {
 public:
  PeoplePainter(const FaceFinder& finder, const Axes& axes, const SeenPicture& picture,
                std::span<uint8_t> out)
      : finder_(finder), axes_(axes), width_(picture.width), height_(picture.height), out_(out) {}

  void paint() {
    auto corners = size_t((width_ + largest - 1) / largest) + 1;
    std::vector<uint8_t> top(corners, somebody), bottom(corners, somebody);
    for (int y = 0; y < height_; y += largest) {
      for (size_t i = 0; i + 1 < corners; ++i) {
        int x = int(i) * largest;
        if (!has_somebody(x, y)) continue;
        auto corner = [&](uint8_t& known, int column, int row) {
          if (known == somebody) known = person_at(column, row);
          return known;
        };
        paint(x, y, largest,
              {corner(top[i], x, y), corner(top[i + 1], x + largest, y),
               corner(bottom[i], x, y + largest), corner(bottom[i + 1], x + largest, y + largest)});
      }
      std::swap(top, bottom);
      std::fill(bottom.begin(), bottom.end(), somebody);
    }
  }

 private:
  static constexpr int largest = 16, smallest = 2;

  // Whose the corners of a block are. Those to the right and below belong to the next blocks.
  struct Corners {
    uint8_t top_left, top_right, bottom_left, bottom_right;
  };

  void paint(int x, int y, int size, Corners c) {
    bool same =
        c.top_left == c.top_right && c.top_left == c.bottom_left && c.top_left == c.bottom_right;
    if (same || size == smallest) {
      each_pixel(x, y, size, [&](uint8_t& pixel) { pixel = c.top_left; });
      return;
    }
    int half = size / 2;
    uint8_t top = person_at(x + half, y), left = person_at(x, y + half),
            middle = person_at(x + half, y + half), right = person_at(x + size, y + half),
            bottom = person_at(x + half, y + size);
    paint(x, y, half, {c.top_left, top, left, middle});
    paint(x + half, y, half, {top, c.top_right, middle, right});
    paint(x, y + half, half, {left, middle, c.bottom_left, bottom});
    paint(x + half, y + half, half, {middle, right, bottom, c.bottom_right});
  }

  // Places may lie outside of the picture: the last blocks do.
  uint8_t person_at(int x, int y) const {
    return finder_.person(float(axes_.across.element(x)), float(axes_.down.element(y)));
  }

  bool has_somebody(int x, int y) {
    bool any = false;
    each_pixel(x, y, largest, [&](uint8_t&) { any = true; });
    return any;
  }

  // Those of a block that are somebody's.
  template <class F>
  void each_pixel(int x, int y, int size, F f) {
    int end_x = std::min(x + size, width_), end_y = std::min(y + size, height_);
    for (int row = y; row < end_y; ++row)
      for (int column = x; column < end_x; ++column) {
        uint8_t& pixel = out_[size_t(row) * size_t(width_) + size_t(column)];
        if (pixel == somebody) f(pixel);
      }
  }

  const FaceFinder& finder_;
  Axes axes_;
  int width_, height_;
  std::span<uint8_t> out_;
};

// Two maps of one network must have one size.
void check_sizes(const char* name, const Grid& people, const Grid& other) {
  if (people.height == other.height && people.width == other.width) return;
  fail("segment: the maps of the network do not belong together",
       {{"people", Shape{people.height, people.width}}, {name, Shape{other.height, other.width}}},
       "a BodyPix, whose outputs have one size");
}

}  // namespace

void mask_person(std::span<const PoseOutput> outputs, const SeenPicture& picture,
                 const MaskOptions& options, std::span<uint8_t> out) {
  Axes axes = axes_of(picture, out);
  check(options.threshold);
  std::vector<float> single;
  Grid grid = person_grid(outputs, options.probabilities, single);
  auto across = axes.across.runs(picture.width, grid.width);
  auto down = axes.down.runs(picture.height, grid.height);
  std::fill(out.begin(), out.end(), uint8_t(0));
  auto pixels_of = [&](const Run& rows, int i, const Run& run) {
    return out.data() + size_t(rows.first + i) * size_t(picture.width) + run.first;
  };
  if (!options.soft) {
    float threshold = options.probabilities ? options.threshold : logit_of(options.threshold);
    each_span(grid, across, down, threshold,
              [&](const Run& rows, int i, const Run& run, Span pixels) {
                uint8_t* start = pixels_of(rows, i, run);
                std::fill(start + pixels.first, start + pixels.last, uint8_t(255));
              });
    return;
  }
  Softness soft(options);
  Lines lines(grid);
  for (const Run& rows : down)
    for (int i = 0; i < rows.count; ++i) {
      const float* line = lines.at(rows, i);
      for (const Run& run : across) {
        Ramp ramp(line[run.from], line[run.to], run);
        uint8_t* pixels = pixels_of(rows, i, run);
        uint8_t first = soft(ramp.start), last = soft(ramp.at(run.count - 1));
        if (first == last)  // and so is all in between
          std::fill(pixels, pixels + run.count, first);
        else
          for (int j = 0; j < run.count; ++j) pixels[j] = soft(ramp.at(j));
      }
    }
}

void mask_parts(std::span<const PoseOutput> outputs, const SeenPicture& picture, float threshold,
                std::span<uint8_t> out) {
  Axes axes = axes_of(picture, out);
  check(threshold);
  Grid people = grid_of(find(outputs, 1, ""), "people", 1);
  Grid parts = grid_of(find(outputs, bodypix_part_count, ""), "parts", bodypix_part_count);
  check_sizes("parts", people, parts);
  auto across = axes.across.runs(picture.width, people.width);
  auto down = axes.down.runs(picture.height, people.height);
  std::fill(out.begin(), out.end(), nobody);
  Lines lines(parts);
  int last_row = -1;
  const float* line = nullptr;
  each_span(people, across, down, logit_of(threshold),
            [&](const Run& rows, int i, const Run& run, Span pixels) {
              int y = rows.first + i;
              if (y != last_row) line = lines.at(rows, i);
              last_row = y;
              auto cell = [&](int x) { return line + size_t(x) * size_t(bodypix_part_count); };
              uint8_t* row = out.data() + size_t(y) * size_t(picture.width) + run.first;
              PartPainter(cell(run.from), cell(run.to), run).paint(pixels, row);
            });
}

std::vector<DecodedPose> mask_people(std::span<const PoseOutput> outputs,
                                     const SeenPicture& picture, const PeopleOptions& options,
                                     std::span<uint8_t> out) {
  Axes axes = axes_of(picture, out);
  check(options.threshold);
  if (options.poses.most >= somebody)
    fail("segment: so many people cannot be told apart", {{"most", options.poses.most}},
         phrase({"at most ", int(somebody) - 1}));
  Grid grid = grid_of(find(outputs, 1, ""), "people", 1);
  constexpr int offset_channels = 2 * posenet_part_count;
  Grid offsets = grid_of(find(outputs, offset_channels, "long"), "long offsets", offset_channels);
  check_sizes("long offsets", grid, offsets);
  std::vector<float> scores;
  PoseMaps maps = pose_maps(outputs, picture.input[1], scores);
  std::vector<DecodedPose> people = decode_poses(maps, options.poses);
  std::erase_if(people, [&](const DecodedPose& pose) { return !(pose.score >= options.score); });

  std::fill(out.begin(), out.end(), nobody);
  if (people.empty()) return people;
  each_span(grid, axes.across.runs(picture.width, grid.width),
            axes.down.runs(picture.height, grid.height), logit_of(options.threshold),
            [&](const Run& rows, int i, const Run& run, Span pixels) {
              uint8_t* start =
                  out.data() + size_t(rows.first + i) * size_t(picture.width) + run.first;
              std::fill(start + pixels.first, start + pixels.last, somebody);
            });
  FaceFinder finder(offsets, picture.input, people, options.point_score);
  PeoplePainter(finder, axes, picture, out).paint();
  return people;
}

}  // namespace gesso
