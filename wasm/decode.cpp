#include "wasm/decode.h"

#include <algorithm>
#include <cmath>

#include "models/face/blazeface.h"
#include "models/face/facemesh.h"
#include "models/pose/movenet.h"
#include "models/pose/posenet.h"
#include "models/segment/bodypix.h"

namespace gesso {
namespace {

using Floats = std::vector<float>;

std::span<const float> floats(const Program& program, size_t output) {
  std::span<const std::byte> bytes = program.output(int(output));
  return {reinterpret_cast<const float*>(bytes.data()), bytes.size() / sizeof(float)};
}

const TensorType& picture_of(const Program& program) {
  return program.inputs().at(0).type;
}

// Elements of a tensor lie between the pixels that write_image reads for them.
void add_point(Floats& numbers, const PictureMap& map, double column, double row) {
  auto [x, y] = map.at(column, row);
  numbers.insert(numbers.end(), {float(x), float(y)});
}

void add_pose(Floats& numbers, const PictureMap& map, const DecodedPose& pose) {
  numbers.push_back(pose.score);
  for (const PosePoint& point : pose.points) {
    add_point(numbers, map, point.x, point.y);
    numbers.push_back(point.score);
  }
}

std::vector<PoseOutput> outputs_of(const Program& program) {
  std::vector<PoseOutput> outputs;
  for (size_t i = 0; i < program.outputs().size(); ++i) {
    const ProgramPort& port = program.outputs()[i];
    if (port.type.dtype == DType::f32)
      outputs.push_back({port.name, port.type.shape, floats(program, i)});
  }
  return outputs;
}

Floats decode_posenet(const Program& program, const PictureMap& map, const Field& options) {
  std::vector<PoseOutput> outputs = outputs_of(program);
  std::vector<float> scores;
  PoseMaps maps = pose_maps(outputs, picture_of(program).shape[1], scores);
  Floats numbers;
  if (options.at("kind").text() == "pose") {
    add_pose(numbers, map, decode_one_pose(maps));
    return numbers;
  }
  PoseOptions chosen{options.at("most").integer(), float(options.at("part_score").number()),
                     float(options.at("radius").number())};
  for (const DecodedPose& pose : decode_poses(maps, chosen)) add_pose(numbers, map, pose);
  return numbers;
}

Floats decode_one_movenet(const Program& program, const PictureMap& map, const Field& options) {
  MovenetPoints points = decode_movenet(floats(program, 0), picture_of(program).shape, map);
  DecodedPose pose{points, 0};
  for (const PosePoint& point : points) pose.score += point.score / posenet_part_count;
  Floats numbers;
  add_pose(numbers, PictureMap{}, pose);
  Square next = next_crop(points, options.at("width").integer(), options.at("height").integer());
  numbers.insert(numbers.end(), {float(next.x), float(next.y), float(next.size)});
  return numbers;
}

void add_square(Floats& numbers, const FaceSquare& square) {
  for (double number : {square.x, square.y, square.size, square.angle})
    numbers.push_back(float(number));
}

Floats decode_blazeface(const Program& program, const PictureMap& map, const Field& options) {
  FaceOptions chosen{options.at("most").integer(), float(options.at("score").number()),
                     float(options.at("overlap").number())};
  int size = picture_of(program).shape[1];
  Floats numbers;
  for (DetectedFace face : decode_faces(floats(program, 0), size, chosen)) {
    numbers.push_back(face.score);
    auto add = [&](DetectedFace::Point& point) {
      auto [x, y] = map.at(point.x * size, point.y * size);
      point = {float(x), float(y)};
      numbers.insert(numbers.end(), {point.x, point.y});
    };
    add(face.start);
    add(face.end);
    for (DetectedFace::Point& point : face.points) add(point);
    add_square(numbers, square_of(face));
  }
  return numbers;
}

Floats decode_facemesh(const Program& program, const PictureMap& map) {
  std::vector<FaceOutput> outputs;
  for (size_t i = 0; i < program.outputs().size(); ++i)
    if (program.outputs()[i].type.dtype == DType::f32) outputs.push_back(floats(program, i));
  FaceMesh mesh = decode_mesh(outputs);
  auto scale = float(std::hypot(map.x_by_column, map.y_by_column));
  for (FacePoint& point : mesh.points) {
    // The network counts from the edge of its input, the map from the middle of the first element.
    auto [x, y] = map.at(point.x - 0.5, point.y - 0.5);
    point = {float(x), float(y), point.z * scale};
  }
  Floats numbers{mesh.score};
  add_square(numbers, square_of(mesh.points));
  for (const FacePoint& point : mesh.points)
    numbers.insert(numbers.end(), {point.x, point.y, point.z});
  return numbers;
}

Floats mask_by_kind(const Program& program, const SeenPicture& picture, const Field& options,
                    std::span<uint8_t> out) {
  std::vector<PoseOutput> outputs = outputs_of(program);
  const std::string& kind = options.at("kind").text();
  float threshold = float(options.at("threshold").number());
  Floats numbers;
  if (kind == "person") {
    MaskOptions chosen{threshold, options.at("soft").flag(), options.at("probabilities").flag()};
    mask_person(outputs, picture, chosen, out);
  } else if (kind == "parts") {
    mask_parts(outputs, picture, threshold, out);
  } else if (kind == "people") {
    PeopleOptions chosen{.threshold = threshold, .score = float(options.at("score").number())};
    chosen.poses.most = options.at("most").integer();
    for (const DecodedPose& pose : mask_people(outputs, picture, chosen, out))
      add_pose(numbers, picture.map, pose);
  } else {
    options.at("kind").refuse("is no kind of mask", "person, parts or people");
  }
  return numbers;
}

}  // namespace

std::vector<float> decode(const Program& program, const PictureMap& map, const Field& options) {
  const std::string& kind = options.at("kind").text();
  if (kind == "pose" || kind == "poses") return decode_posenet(program, map, options);
  if (kind == "movenet") return decode_one_movenet(program, map, options);
  if (kind == "faces") return decode_blazeface(program, map, options);
  if (kind == "mesh") return decode_facemesh(program, map);
  options.at("kind").refuse("is nothing that can be looked for",
                            "pose, poses, movenet, faces or mesh");
}

std::vector<float> mask(const Program& program, const PictureMap& map, int width, int height,
                        const Field& options, std::span<uint8_t> out) {
  SeenPicture picture{width, height, map, picture_of(program).shape};
  Floats numbers = mask_by_kind(program, picture, options, out);
  if (options.at("flip").flag())
    for (size_t y = 0; y < size_t(height); ++y) {
      auto row = out.begin() + ptrdiff_t(y * size_t(width));
      std::reverse(row, row + width);
    }
  return numbers;
}

}  // namespace gesso
