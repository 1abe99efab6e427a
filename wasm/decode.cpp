#include "wasm/decode.h"

#include <cmath>

#include "models/face/blazeface.h"
#include "models/face/facemesh.h"
#include "models/pose/posenet.h"

namespace gesso {
namespace {

using Numbers = std::vector<float>;

std::span<const float> floats(const Program& program, size_t output) {
  std::span<const std::byte> bytes = program.output(int(output));
  return {reinterpret_cast<const float*>(bytes.data()), bytes.size() / sizeof(float)};
}

const TensorType& picture_of(const Program& program) {
  return program.inputs().at(0).type;
}

// Elements of a tensor lie between the pixels that write_image reads for them.
void add_point(Numbers& numbers, const PictureMap& map, double column, double row) {
  auto [x, y] = map.at(column, row);
  numbers.insert(numbers.end(), {float(x), float(y)});
}

void add_pose(Numbers& numbers, const PictureMap& map, const DecodedPose& pose) {
  numbers.push_back(pose.score);
  for (const PosePoint& point : pose.points) {
    add_point(numbers, map, point.x, point.y);
    numbers.push_back(point.score);
  }
}

Numbers decode_posenet(const Program& program, const PictureMap& map, const Field& options) {
  std::vector<PoseOutput> outputs;
  for (size_t i = 0; i < program.outputs().size(); ++i) {
    const ProgramPort& port = program.outputs()[i];
    if (port.type.dtype == DType::f32)
      outputs.push_back({port.name, port.type.shape, floats(program, i)});
  }
  std::vector<float> scores;
  PoseMaps maps = pose_maps(outputs, picture_of(program).shape[1], scores);
  Numbers numbers;
  if (options.at("kind").text() == "pose") {
    add_pose(numbers, map, decode_one_pose(maps));
    return numbers;
  }
  PoseOptions chosen{options.at("most").integer(), float(options.at("part_score").number()),
                     float(options.at("radius").number())};
  for (const DecodedPose& pose : decode_poses(maps, chosen)) add_pose(numbers, map, pose);
  return numbers;
}

void add_square(Numbers& numbers, const FaceSquare& square) {
  for (double number : {square.x, square.y, square.size, square.angle})
    numbers.push_back(float(number));
}

Numbers decode_blazeface(const Program& program, const PictureMap& map, const Field& options) {
  FaceOptions chosen{options.at("most").integer(), float(options.at("score").number()),
                     float(options.at("overlap").number())};
  int size = picture_of(program).shape[1];
  Numbers numbers;
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

Numbers decode_facemesh(const Program& program, const PictureMap& map) {
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
  Numbers numbers{mesh.score};
  add_square(numbers, square_of(mesh.points));
  for (const FacePoint& point : mesh.points)
    numbers.insert(numbers.end(), {point.x, point.y, point.z});
  return numbers;
}

}  // namespace

std::vector<float> decode(const Program& program, const PictureMap& map, const Field& options) {
  const std::string& kind = options.at("kind").text();
  if (kind == "pose" || kind == "poses") return decode_posenet(program, map, options);
  if (kind == "faces") return decode_blazeface(program, map, options);
  if (kind == "mesh") return decode_facemesh(program, map);
  options.at("kind").refuse("is nothing that can be looked for", "pose, poses, faces or mesh");
}

}  // namespace gesso
