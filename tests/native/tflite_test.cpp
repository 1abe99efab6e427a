// TFLite files give what their operators mean, broken ones are refused, and real ones see what
// there is in pictures.
#include "models/load/tflite.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <random>
#include <string>

#include "core/backends/backend.h"
#include "core/image.h"
#include "models/pose/movenet.h"
#include "tests/native/expect_error.h"
#include "tests/native/shared_files.h"
#include "tests/native/tflite_file.h"

namespace gesso {
namespace {

// BuiltinOperator of the schema.
enum Op : int {
  ADD = 0,
  AVERAGE_POOL_2D = 1,
  CONCATENATION = 2,
  CONV_2D = 3,
  DEPTHWISE_CONV_2D = 4,
  DEQUANTIZE = 6,
  FULLY_CONNECTED = 9,
  LSTM = 16,
  MAX_POOL_2D = 17,
  MUL = 18,
  RELU = 19,
  RELU_N1_TO_1 = 20,
  RESHAPE = 22,
  RESIZE_BILINEAR = 23,
  SOFTMAX = 25,
  CUSTOM = 32,
  PAD = 34,
  TRANSPOSE = 39,
  MEAN = 40,
  SUB = 41,
  SQUEEZE = 43,
  STRIDED_SLICE = 45,
  CAST = 53,
  PRELU = 54,
  ARGMAX = 56,
  SLICE = 65,
  TRANSPOSE_CONV = 67,
  PACK = 83,
  UNPACK = 88,
  FLOOR_DIV = 90,
  RESIZE_NEAREST_NEIGHBOR = 97,
  GATHER_ND = 107,
  QUANTIZE = 114,
  HARD_SWISH = 117,
};

constexpr int8_t same = 0, valid = 1, relu = 1, relu6 = 3;

std::unique_ptr<Model> load(const std::vector<std::byte>& bytes) {
  std::vector<std::byte> exact = bytes;  // so that a sanitizer sees a read past the end
  exact.shrink_to_fit();
  return load_model({{"a.tflite", exact}}, "a.tflite");
}

template <class T>
std::vector<T> elements(std::span<const std::byte> bytes) {
  std::vector<T> out(bytes.size() / sizeof(T));
  std::memcpy(out.data(), bytes.data(), out.size() * sizeof(T));
  return out;
}

// The first output of a model for this one input.
template <class To = float, class From>
std::vector<To> run(const TfliteFile& file, const std::vector<From>& x) {
  auto model = load(file.bytes());
  auto program = compile(model->build({}));
  auto bytes = std::as_bytes(std::span(x));
  if (!x.empty()) {
    EXPECT_EQ(program->input(0).size(), bytes.size());
    std::copy(bytes.begin(), bytes.end(), program->input(0).begin());
  }
  program->run();
  return elements<To>(program->output(0).first(program->outputs()[0].type.bytes()));
}

void expect_near(const std::vector<float>& found, const std::vector<float>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  for (size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], expected[i], 1e-5) << i;
}

FlatTree conv_options(int8_t padding, int stride, int8_t activation = 0) {
  return FlatTree().set(0, padding).set(1, stride).set(2, stride).set(3, activation);
}

// y = x [2] times a filter [2, 1, 1, 2] with a scale for each output, and a bias.
TfliteFile conv_file(int8_t activation = 0, Tfl result = Tfl::f32, const TflQuantization& q = {}) {
  TfliteFile file;
  int x = file.input({1, 1, 1, 2});
  int w = file.constant<int8_t>({2, 1, 1, 2}, Tfl::i8, {1, -2, 3, 4}, {{0.5f, 2}, {0, 1}, 0});
  int bias = file.constant<int32_t>({2}, Tfl::i32, {10, -20}, {{0.1f, 0.2f}, {0, 0}, 0});
  int y = file.tensor({1, 1, 1, 2}, result, q);
  file.apply(CONV_2D, {x, w, bias}, {y}, conv_options(same, 1, activation));
  file.outputs = {y};
  return file;
}

TEST(Tflite, tells_what_a_model_takes_and_gives) {
  auto model = load(conv_file().bytes());
  EXPECT_EQ(model->format(), "tflite");
  EXPECT_EQ(model->parameters(), 6u);
  ASSERT_EQ(model->inputs().size(), 1u);
  EXPECT_EQ(model->inputs()[0].name, "t0");
  EXPECT_EQ(model->inputs()[0].shape, (std::vector<int>{1, 1, 1, 2}));
  ASSERT_EQ(model->outputs().size(), 1u);
  EXPECT_EQ(model->outputs()[0].name, "t3");
  EXPECT_EQ(model->outputs()[0].shape, (std::vector<int>{1, 1, 1, 2}));
}

TEST(Tflite, is_known_by_its_bytes_and_outlives_them) {
  auto bytes = conv_file().bytes();
  auto model = load_model({{"weights", bytes}}, "weights");
  std::fill(bytes.begin(), bytes.end(), std::byte(255));
  auto program = compile(model->build({}));
  program->run();
  expect_near(elements<float>(program->output(0)), {1, -4});
}

TEST(Tflite, filters_have_a_scale_for_each_output) {
  // 0.5 * [1, -2] and 2 * [3 - 1, 4 - 1]; the bias is [1, -4].
  expect_near(run<float>(conv_file(), std::vector<float>{1, 10}), {0.5f - 10 + 1, 4 + 60 - 4});
}

TEST(Tflite, activations_are_fused) {
  expect_near(run<float>(conv_file(relu6), std::vector<float>{1, 10}), {0, 6});
  expect_near(run<float>(conv_file(relu), std::vector<float>{1, 10}), {0, 60});
}

TEST(Tflite, a_quantised_result_ends_where_its_integers_do) {
  // Integers from -128 to 127 around -128: a relu that the converter left out.
  TflQuantization q{{0.1f}, {-128}, 0};
  expect_near(run<float>(conv_file(0, Tfl::i8, q), std::vector<float>{1, 10}), {0, 25.5f});
}

// The sums of a 3 x 3 window over 4 x 4 pixels, with two filters for the only channel.
TEST(Tflite, same_padding_of_even_sizes_is_after_the_picture) {
  TfliteFile file;
  int x = file.input({1, 4, 4, 1});
  std::vector<uint8_t> filter(18);
  for (size_t i = 0; i < filter.size(); ++i) filter[i] = i % 2 ? 138 : 129;
  int w = file.constant<uint8_t>({1, 3, 3, 2}, Tfl::u8, filter, {{1, 0.1f}, {128, 128}, 3});
  int y = file.tensor({1, 2, 2, 2});
  file.apply(DEPTHWISE_CONV_2D, {x, w, -1}, {y},
             FlatTree().set(0, same).set(1, 2).set(2, 2).set(3, 2).set(4, int8_t(0)));
  file.outputs = {y};
  std::vector<float> picture(16), expected;
  for (size_t i = 0; i < 16; ++i) picture[i] = float(i);
  for (size_t top : {0, 2})
    for (size_t left : {0, 2}) {
      float sum = 0;
      for (size_t row = top; row < std::min<size_t>(top + 3, 4); ++row)
        for (size_t column = left; column < std::min<size_t>(left + 3, 4); ++column)
          sum += picture[4 * row + column];
      expected.insert(expected.end(), {sum, sum});
    }
  expect_near(run<float>(file, picture), expected);
}

TEST(Tflite, resizes_with_each_kind_of_corners) {
  auto resized = [](int op, FlatTree options) {
    TfliteFile file;
    int x = file.input({1, 1, 2, 1});
    int y = file.tensor({1, 1, 4, 1});
    file.apply(op, {x, file.ints({1, 4})}, {y}, options);
    file.outputs = {y};
    return run<float>(file, std::vector<float>{0, 3});
  };
  expect_near(resized(RESIZE_BILINEAR, {}), {0, 1.5f, 3, 3});
  expect_near(resized(RESIZE_BILINEAR, FlatTree().set(2, int8_t(1))), {0, 1, 2, 3});
  expect_near(resized(RESIZE_BILINEAR, FlatTree().set(3, int8_t(1))), {0, 0.75f, 2.25f, 3});
  expect_near(resized(RESIZE_NEAREST_NEIGHBOR, FlatTree().set(1, int8_t(1))), {0, 0, 3, 3});
}

TEST(Tflite, quantised_inputs_are_integers_and_outputs_are_reals) {
  TfliteFile file;
  int x = file.input({1, 2}, Tfl::u8, {{0.5f}, {128}, 0});
  int y = file.tensor({2}, Tfl::u8, {{0.5f}, {128}, 0});
  file.apply(RESHAPE, {x, file.ints({-1})}, {y});
  file.outputs = {y};
  auto model = load(file.bytes());
  EXPECT_EQ(model->inputs()[0].dtype, DType::u8);
  EXPECT_EQ(model->outputs()[0].dtype, DType::f32);
  expect_near(run<float>(file, std::vector<uint8_t>{0, 129}), {-64, 0.5f});
}

TEST(Tflite, bytes_without_a_scale_are_numbers) {
  TfliteFile file;
  int x = file.input({2}, Tfl::u8), f = file.tensor({2});
  int q = file.tensor({2}, Tfl::i8, {{1}, {-128}, 0});
  int y = file.tensor({2});
  file.apply(CAST, {x}, {f}, FlatTree().set(0, Tfl::u8).set(1, Tfl::f32));
  file.apply(QUANTIZE, {f}, {q});
  file.apply(DEQUANTIZE, {q}, {y});
  file.outputs = {y};
  expect_near(run<float>(file, std::vector<uint8_t>{7, 255}), {7, 255});
}

TEST(Tflite, weights_may_be_half_as_wide) {
  TfliteFile file;
  int x = file.input({2});
  int w = file.constant<uint16_t>({2}, Tfl::f16, {0x3C00, 0xC000});  // 1, -2
  int wide = file.tensor({2}), y = file.tensor({2});
  file.apply(DEQUANTIZE, {w}, {wide});
  file.apply(ADD, {x, wide}, {y}, FlatTree().set(0, relu6));
  file.outputs = {y};
  expect_near(run<float>(file, std::vector<float>{1, 10}), {2, 6});
}

TEST(Tflite, dense_layers_keep_their_shape_if_asked) {
  for (bool keep : {false, true}) {
    TfliteFile file;
    int x = file.input({1, 2, 2});
    int w = file.constant<int8_t>({3, 2}, Tfl::i8, {1, 0, 0, 1, 1, 1}, {{2}, {0}, 0});
    int bias = file.constant<float>({3}, Tfl::f32, {0, 0, 1});
    int y = file.tensor(keep ? std::vector<int>{1, 2, 3} : std::vector<int>{2, 3});
    file.apply(FULLY_CONNECTED, {x, w, bias}, {y}, FlatTree().set(2, int8_t(keep)));
    file.outputs = {y};
    expect_near(run<float>(file, std::vector<float>{1, 2, 3, 4}), {2, 4, 7, 6, 8, 15});
    EXPECT_EQ(load(file.bytes())->outputs()[0].shape.size(), keep ? 3u : 2u);
  }
}

TEST(Tflite, pools_pictures) {
  auto pooled = [](int op, int8_t padding) {
    TfliteFile file;
    int x = file.input({1, 3, 3, 1}), y = file.tensor({});
    file.apply(op, {x}, {y}, FlatTree().set(0, padding).set(1, 2).set(2, 2).set(3, 2).set(4, 2));
    file.outputs = {y};
    return run<float>(file, std::vector<float>{1, 2, 3, 4, 5, 6, 7, 8, 9});
  };
  expect_near(pooled(MAX_POOL_2D, valid), {5});
  expect_near(pooled(MAX_POOL_2D, same), {5, 6, 8, 9});
  expect_near(pooled(AVERAGE_POOL_2D, same), {3, 4.5f, 7.5f, 9});
}

TEST(Tflite, transposed_convolutions_spread_pixels) {
  TfliteFile file;
  int x = file.input({1, 1, 2, 1});
  int w = file.constant<float>({1, 1, 3, 1}, Tfl::f32, {1, 10, 100});
  int y = file.tensor({1, 1, 4, 1});
  file.apply(TRANSPOSE_CONV, {file.ints({1, 1, 4, 1}), w, x}, {y},
             FlatTree().set(0, same).set(1, 2).set(2, 2));
  file.outputs = {y};
  // Both spread over three pixels: [1, 10, 100 + 2, 20, 200], of which SAME cuts off the last.
  expect_near(run<float>(file, std::vector<float>{1, 2}), {1, 10, 102, 20});
}

// The row and the column of the greatest of 2 x 3 numbers, and the number itself.
TEST(Tflite, picks_by_index) {
  TfliteFile file;
  int x = file.input({2, 3});
  int flat = file.tensor({1, 6}), best = file.tensor({1}, Tfl::i64),
      row = file.tensor({1}, Tfl::i32);
  int place = file.tensor({2}, Tfl::i32), y = file.tensor({});
  int column = file.tensor({1}, Tfl::i32), joined = file.tensor({2, 1}, Tfl::i32);
  file.apply(RESHAPE, {x}, {flat}, FlatTree().list(0, std::vector<int>{1, 6}));
  file.apply(ARGMAX, {flat, file.ints({1})}, {best});
  file.apply(FLOOR_DIV, {best, file.ints({3})}, {row});
  int times = file.tensor({1}, Tfl::i32);
  file.apply(MUL, {row, file.ints({3})}, {times});
  file.apply(SUB, {best, times}, {column});
  file.apply(PACK, {row, column}, {joined}, FlatTree().set(0, 2).set(1, 0));
  file.apply(SQUEEZE, {joined}, {place}, FlatTree().list(0, std::vector<int>{-1}));
  file.apply(GATHER_ND, {x, place}, {y});
  file.outputs = {y, place};
  std::vector<float> numbers{1, 2, 3, 4, 9, 6};
  expect_near(run<float>(file, numbers), {9});
  file.outputs = {place};
  EXPECT_EQ(run<int32_t>(file, numbers), (std::vector<int32_t>{1, 1}));
}

TEST(Tflite, arranges_axes) {
  TfliteFile file;
  int x = file.input({2, 3});
  int turned = file.tensor({3, 2}), left = file.tensor({3}), right = file.tensor({3});
  file.apply(TRANSPOSE, {x, file.ints({1, 0})}, {turned});
  file.apply(UNPACK, {turned}, {left, right}, FlatTree().set(0, 2).set(1, 1));
  int both = file.tensor({6}), padded = file.tensor({8}), cut = file.tensor({3}),
      y = file.tensor({2});
  file.apply(CONCATENATION, {right, left}, {both}, FlatTree().set(0, 0));  // 4 5 6 1 2 3
  file.apply(PAD, {both, file.constant<int>({1, 2}, Tfl::i32, {1, 1})}, {padded});
  file.apply(STRIDED_SLICE, {padded, file.ints({1}), file.ints({0}), file.ints({2})}, {cut},
             FlatTree().set(1, 1));  // from 1 to the end by 2: 4 6 2 0
  file.apply(SLICE, {cut, file.ints({1}), file.ints({2})}, {y});
  file.outputs = {y};
  expect_near(run<float>(file, std::vector<float>{1, 2, 3, 4, 5, 6}), {6, 2});
}

TEST(Tflite, computes_functions) {
  auto of = [](int op, std::vector<float> x, FlatTree options = {}) {
    TfliteFile file;
    int in = file.input({1, int(x.size())}), out = file.tensor({1, int(x.size())});
    file.apply(op, {in}, {out}, options);
    file.outputs = {out};
    return run<float>(file, x);
  };
  expect_near(of(RELU, {-1, 2}), {0, 2});
  expect_near(of(RELU_N1_TO_1, {-3, 0.5f}), {-1, 0.5f});
  expect_near(of(HARD_SWISH, {-4, 3}), {0, 3});
  expect_near(of(SOFTMAX, {0, std::log(2.0f)}, FlatTree().set(0, 2.0f)), {0.2f, 0.8f});

  TfliteFile file;
  int x = file.input({1, 1, 2, 2}), y = file.tensor({1, 2});
  int slopes = file.constant<float>({1, 1, 2}, Tfl::f32, {0.5f, 2});
  int z = file.tensor({1, 1, 2, 2});
  file.apply(PRELU, {x, slopes}, {z});
  file.apply(MEAN, {z, file.ints({1, 2})}, {y});
  file.outputs = {y};
  expect_near(run<float>(file, std::vector<float>{-2, -2, 4, 4}), {1.5f, 0});
}

void expect_refusal(const TfliteFile& file, std::string_view text) {
  expect_error([&] { load(file.bytes()); }, text);
}

TEST(Tflite, ops_that_are_not_there_are_named) {
  TfliteFile file = conv_file();
  int y = file.outputs[0];
  for (int op : {int(LSTM), int(CUSTOM), int(CUSTOM), 201}) {
    int next = file.tensor({1, 1, 1, 2});
    file.apply(op, {y}, {next});
    y = next;
  }
  expect_refusal(file,
                 "a.tflite: the op \"LSTM\" cannot be loaded.\n"
                 "  others  CUSTOM Own_Op, number 201\n"
                 "  Try: a model of simpler ops, or the part of this one before the op");
}

TEST(Tflite, tensors_must_fit_their_data) {
  TfliteFile file = conv_file();
  file.buffers[1] = FlatTree().list(0, std::vector<int8_t>{1, 2, 3});
  expect_refusal(file,
                 "a.tflite: the tensor \"t1\" does not have the size of its data.\n"
                 "  shape  [2, 1, 1, 2]\n"
                 "  needs  4\n"
                 "  bytes  3\n"
                 "  Try: a file that a converter wrote");
  file = conv_file();
  file.tensors[1].list(0, std::vector<int>{2, 1, 1, -2});
  expect_refusal(file,
                 "a.tflite: the tensor \"t1\" has a negative size.\n"
                 "  size  -2\n"
                 "  Try: a file that a converter wrote");
  file = conv_file();
  file.tensors[1].list(0, std::vector<int>{65536, 65536, 65536, 65536});
  expect_refusal(file,
                 "a.tflite: the tensor \"t1\" has too many elements.\n"
                 "  sizes  [65536, 65536]\n"
                 "  most  536870912\n"
                 "  Try: a file that a converter wrote");
  file = conv_file();
  file.tensors[1].list(0, std::vector<int>(9, 1));
  expect_refusal(file,
                 "a.tflite: the tensor \"t1\" has too many sizes.\n"
                 "  sizes  9\n"
                 "  most  8\n"
                 "  Try: a file that a converter wrote");
  file = conv_file();
  file.tensors[1].set(1, int8_t(99));
  expect_refusal(file,
                 "a.tflite: the tensor \"t1\" is of an unknown type.\n"
                 "  type  99\n"
                 "  known  18\n"
                 "  Try: a file that a converter wrote");
  file = conv_file();
  file.tensors[1].set(1, Tfl::text);
  expect_refusal(file,
                 "a.tflite: the tensor \"t1\" is of a type that cannot be loaded.\n"
                 "  type  STRING\n"
                 "  Try: a model of numbers");
}

TEST(Tflite, quantisations_must_fit_their_tensors) {
  TfliteFile file = conv_file();
  file.tensors[1].table(4, FlatTree().list(2, std::vector<float>{1, 2, 3}));
  expect_refusal(file,
                 "a.tflite: the tensor \"t1\" has as many scales as no axis has places.\n"
                 "  shape  [2, 1, 1, 2]\n"
                 "  scales  3\n"
                 "  axis  0\n"
                 "  Try: a file that a converter wrote");
  file = conv_file();
  file.tensors[1].table(4, FlatTree().list(2, std::vector<float>{-1}));
  expect_refusal(file,
                 "a.tflite: a quantisation has an impossible scale.\n"
                 "  scale  -1.000000\n"
                 "  Try: a file that a converter wrote");
}

TEST(Tflite, operators_must_lie_in_their_order) {
  TfliteFile file = conv_file();
  int later = file.tensor({1, 1, 1, 2}), y = file.tensor({1, 1, 1, 2});
  file.apply(RELU, {later}, {y});
  file.apply(RELU, {y}, {later});  // a circle
  expect_refusal(file,
                 "a.tflite: an operator writes a tensor that is there already, or is needed "
                 "earlier.\n"
                 "  op  RELU\n"
                 "  tensor  4\n"
                 "  Try: a file that a converter wrote");
  file = conv_file();
  file.outputs = {file.tensor({3})};
  expect_refusal(file,
                 "a.tflite: the tensor \"t4\" is read before it is computed.\n"
                 "  shape  [3]\n"
                 "  Try: a model without variables or loops");
  file = conv_file();
  file.outputs = {4};
  expect_refusal(file,
                 "a.tflite: there is no such tensor.\n"
                 "  tensor  4\n"
                 "  there are  4\n"
                 "  Try: a file that a converter wrote");
}

TEST(Tflite, names_the_operator_that_is_refused) {
  TfliteFile file = conv_file();
  file.tensors[0].list(0, std::vector<int>{1, 1, 1, 5});
  expect_refusal(file,
                 "a.tflite: \"t3\" (CONV_2D): conv2d: the filter does not fit the channels of the "
                 "input.\n"
                 "  input  [1, 1, 1, 5]\n"
                 "  filter  [2, 1, 1, 2]\n"
                 "  Try: a filter [out, height, width, channels]");
}

TEST(Tflite, inputs_that_are_needed_cannot_be_left_out) {
  for (int op : {CONCATENATION, PACK}) {
    TfliteFile file;
    int x = file.input({2, 3});
    int y = file.tensor({2, 3});
    file.apply(op, {x, -1}, {y}, FlatTree().set(0, 2).set(1, 0));
    file.outputs = {y};
    try {
      load(file.bytes())->build({});
      ADD_FAILURE() << "no error";
    } catch (const Error& error) {
      EXPECT_NE(std::string_view(error.what()).find("input"), std::string_view::npos)
          << error.what();
    }
  }
}

TEST(Tflite, constants_cannot_fill_the_memory_from_a_small_file) {
  TfliteFile file;
  file.constant<int8_t>({4000}, Tfl::i8, std::vector<int8_t>(4000), {{1}, {0}, 0});
  std::vector<int> all{0};
  for (int i = 0; i < 100; ++i) {
    file.tensors.push_back(file.tensors[0]);
    all.push_back(i + 1);
  }
  int y = file.tensor({404000});
  file.apply(CONCATENATION, all, {y});
  file.outputs = {y};
  try {
    load(file.bytes());
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_TRUE(std::string_view(error.what())
                    .starts_with("a.tflite: its constants share their data too often.\n"))
        << error.what();
  }
}

// Whatever the bytes are, the loader either gives a model or throws an Error.
bool is_refused(const std::vector<std::byte>& bytes) {
  try {
    load(bytes)->build({});
    return false;
  } catch (const Error&) {
    return true;
  }
}

TEST(Tflite, files_that_are_cut_off_are_refused) {
  auto whole = conv_file().bytes();
  EXPECT_FALSE(is_refused(whole));
  for (size_t size = 0; size < whole.size(); ++size) {
    std::vector<std::byte> cut(whole.begin(), whole.begin() + long(size));
    EXPECT_TRUE(is_refused(cut)) << size;
  }
}

// Files with most kinds of operators.
std::vector<std::vector<std::byte>> examples() {
  std::vector<std::vector<std::byte>> all{conv_file(relu6).bytes()};
  TfliteFile file;
  int x = file.input({1, 4, 4, 2});
  int small = file.tensor({1, 2, 2, 2}), large = file.tensor({1, 4, 4, 2});
  file.apply(MAX_POOL_2D, {x}, {small},
             FlatTree().set(0, same).set(1, 2).set(2, 2).set(3, 2).set(4, 2));
  file.apply(RESIZE_BILINEAR, {small, file.ints({4, 4})}, {large}, FlatTree().set(3, int8_t(1)));
  int sum = file.tensor({1, 4, 4, 2}), flat = file.tensor({1, 32}), y = file.tensor({1, 2});
  file.apply(ADD, {x, large}, {sum}, FlatTree().set(0, relu));
  file.apply(RESHAPE, {sum, file.ints({1, -1})}, {flat});
  int w = file.constant<int8_t>({2, 32}, Tfl::i8, std::vector<int8_t>(64, 1), {{0.5f}, {0}, 0});
  file.apply(FULLY_CONNECTED, {flat, w}, {y});
  int cut = file.tensor({1, 1}), both = file.tensor({1, 3});
  file.apply(STRIDED_SLICE, {y, file.ints({0, 0}), file.ints({1, 1}), file.ints({1, 1})}, {cut});
  file.apply(CONCATENATION, {y, cut}, {both}, FlatTree().set(0, -1));
  int mean = file.tensor({1}), left = file.tensor({}), packed = file.tensor({2});
  file.apply(MEAN, {both, file.ints({1})}, {mean});
  file.apply(UNPACK, {mean}, {left}, FlatTree().set(0, 1));
  file.apply(PACK, {left, left}, {packed}, FlatTree().set(0, 2));
  file.outputs = {packed};
  all.push_back(file.bytes());
  return all;
}

TEST(Tflite, any_bytes_are_survived) {
  std::mt19937 random(5);
  for (const auto& whole : examples()) {
    EXPECT_FALSE(is_refused(whole));
    int refused = 0;
    for (int round = 0; round < 10000; ++round) {
      auto bytes = whole;
      for (int changes = 0; changes < 3; ++changes) {
        uint8_t value = random() % 3 == 0 ? 255
                        : random() % 2    ? uint8_t(random() % 8)
                                          : uint8_t(random());
        bytes[8 + random() % (bytes.size() - 8)] = std::byte(value);
      }
      refused += is_refused(bytes);
    }
    EXPECT_GT(refused, 1000);
  }
}

// A picture of 24 bits per pixel, as RGBA.
struct Bitmap {
  int width = 0, height = 0;
  std::vector<uint8_t> pixels;

  explicit Bitmap(const std::filesystem::path& path) {
    auto bytes = read_file(path);
    auto number = [&](size_t place) {
      int32_t value;
      std::memcpy(&value, bytes.data() + place, sizeof value);
      return value;
    };
    auto start = size_t(number(10));
    width = number(18), height = number(22);
    size_t row = (size_t(width) * 3 + 3) / 4 * 4;
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x) {
        const char* bgr = bytes.data() + start + size_t(height - 1 - y) * row + size_t(x) * 3;
        pixels.insert(pixels.end(), {uint8_t(bgr[2]), uint8_t(bgr[1]), uint8_t(bgr[0]), 255});
      }
  }
};

constexpr ImageOptions stretched{.fit = Fit::stretch, .sampling = Sampling::half_pixel};

// Runs a model whose only input are the bytes of a picture.
std::vector<float> look(Program& program, const Bitmap& picture) {
  const Shape& shape = program.inputs()[0].type.shape;
  std::vector<float> x(shape.count());
  write_image(picture.pixels, picture.width, picture.height, stretched, shape, x);
  std::transform(x.begin(), x.end(), program.input(0).begin(),
                 [](float value) { return std::byte(std::lround(value)); });
  program.run();
  return elements<float>(program.output(0).first(program.outputs()[0].type.bytes()));
}

std::vector<std::byte> shared_model(const std::string& path) {
  auto bytes = read_file(shared_folder() / "models" / path);
  auto whole = std::as_bytes(std::span(bytes));
  return {whole.begin(), whole.end()};
}

const std::string movenet_folder = "movenet_lightning_int8_tflite/";
const std::string movenet_path = movenet_folder + "movenet_single_pose_lightning_ptq.tflite";

TEST(Tflite, movenet_finds_the_points_of_its_reference) {
  auto bytes = shared_model(movenet_path);
  if (bytes.empty()) GTEST_SKIP() << "there is no " << movenet_path;
  auto model = load(bytes);
  EXPECT_EQ(model->inputs()[0].dtype, DType::u8);
  EXPECT_EQ(model->inputs()[0].shape, (std::vector<int>{1, 192, 192, 3}));
  EXPECT_EQ(model->outputs()[0].shape, (std::vector<int>{1, 1, 17, 3}));
  auto program = compile(model->build({}));
  Bitmap picture(shared_folder() / "photos" / "squat.bmp");
  auto y = look(*program, picture);

  // The lines are: pose, its score, point, its score, x, y.
  auto text = read_file(shared_folder() / "models" / movenet_folder /
                        "movenet_single_pose_lightning_ptq_reference.csv");
  text.push_back(0);
  const char* line = std::strchr(text.data(), '\n');
  const Shape& input = program->inputs()[0].type.shape;
  auto points = decode_movenet(y, input, map_of(picture.width, picture.height, stretched, input));
  double worst = 0, sum = 0;
  int compared = 0;
  for (size_t i = 0; i < posenet_parts.size(); ++i) {
    double score, x_there, y_there;
    ASSERT_TRUE(line);
    ASSERT_EQ(std::sscanf(line + 1, "%*d,%*f,%*d,%lf,%lf,%lf", &score, &x_there, &y_there), 3);
    line = std::strchr(line + 1, '\n');
    double off =
        std::max(std::abs(double(y[3 * i + 1]) - x_there), std::abs(double(y[3 * i]) - y_there));
    EXPECT_NEAR(points[i].x, double(y[3 * i + 1]) * picture.width - 0.5, 1e-3);
    EXPECT_NEAR(points[i].y, double(y[3 * i]) * picture.height - 0.5, 1e-3);
    EXPECT_GT(y[3 * i + 2], 0.3f);
    if (score <= 0.3) continue;
    EXPECT_LE(off, 0.03) << posenet_parts[i];
    worst = std::max(worst, off);
    sum += off;
    ++compared;
  }
  EXPECT_GT(compared, 14);
  EXPECT_LT(sum / compared, 0.015);
  std::printf("worst deviation: %.4f, mean: %.4f of the picture\n", worst, sum / compared);
}

TEST(Tflite, mobilenet_sees_a_dumbbell_or_a_barbell) {
  std::string path = "tflite_mobilenet_v1_025_128_quant/mobilenet_v1_0.25_128_quant.tflite";
  auto bytes = shared_model(path);
  if (bytes.empty()) GTEST_SKIP() << "there is no " << path;
  auto program = compile(load(bytes)->build({}));
  auto y = look(*program, Bitmap(shared_folder() / "photos" / "squat.bmp"));
  ASSERT_EQ(y.size(), 1001u);
  std::vector<size_t> order(y.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) { return y[a] > y[b]; });
  // The first class is "background", so these are 543 and 422 of ImageNet.
  EXPECT_EQ(order[0], 544u);
  EXPECT_NE(std::find(order.begin(), order.begin() + 5, 423u), order.begin() + 5);
}

TEST(Tflite, damaged_real_files_are_survived) {
  auto whole = shared_model(movenet_path);
  if (whole.empty()) GTEST_SKIP() << "there is no " << movenet_path;
  for (size_t part = 0; part < 64; ++part)
    EXPECT_TRUE(is_refused({whole.begin(), whole.begin() + long(whole.size() * part / 64)}))
        << part;
  // The tables lie at the end of the file, behind the weights.
  std::mt19937 random(7);
  size_t tables = 200000;
  int refused = 0;
  for (int round = 0; round < 200; ++round) {
    auto bytes = whole;
    for (int changes = 0; changes < 20; ++changes)
      bytes[bytes.size() - 1 - random() % tables] = std::byte(random());
    refused += is_refused(bytes);
  }
  EXPECT_GT(refused, 20);
}

}  // namespace
}  // namespace gesso
