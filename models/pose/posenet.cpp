#include "models/pose/posenet.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include "core/error.h"

namespace gesso {

const std::array<std::string_view, posenet_part_count> posenet_parts = {
    "nose",           "left_eye",   "right_eye",   "left_ear",   "right_ear",   "left_shoulder",
    "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hip",
    "right_hip",      "left_knee",  "right_knee",  "left_ankle", "right_ankle"};

const std::array<PoseEdge, posenet_edge_count> posenet_edges = {{
    {0, 1},
    {1, 3},
    {0, 2},
    {2, 4},
    {0, 5},
    {5, 7},
    {7, 9},
    {5, 11},
    {11, 13},
    {13, 15},
    {0, 6},
    {6, 8},
    {8, 10},
    {6, 12},
    {12, 14},
    {14, 16},
}};

namespace {

struct Cell {
  int y, x;
};

// A part that a person may begin with.
struct Candidate {
  float score;
  Cell cell;
  int part;
};

// Of equals the one that a row of cells tells of first.
bool is_surer(const Candidate& a, const Candidate& b) {
  return std::tie(b.score, a.cell.y, a.cell.x, a.part) <
         std::tie(a.score, b.cell.y, b.cell.x, b.part);
}

// How often a point that was reached along an edge is drawn to the part nearby.
constexpr int refinements = 2;

class Decoder {
 public:
  explicit Decoder(const PoseMaps& maps) : maps_(maps) {
    check("heatmaps", maps.heatmaps, posenet_part_count);
    check("offsets", maps.offsets, 2 * posenet_part_count);
    check("forward displacements", maps.forward, 2 * posenet_edge_count);
    check("backward displacements", maps.backward, 2 * posenet_edge_count);
  }

  float score(Cell cell, int part) const {
    return at(maps_.heatmaps, cell, posenet_part_count, part);
  }

  // Where the part is that a cell of its heatmap tells of.
  PosePoint point(Cell cell, int part) const {
    return {float(cell.x * maps_.stride) +
                at(maps_.offsets, cell, 2 * posenet_part_count, posenet_part_count + part),
            float(cell.y * maps_.stride) + at(maps_.offsets, cell, 2 * posenet_part_count, part),
            score(cell, part)};
  }

  Cell highest(int part) const {
    Cell best{};
    for (int y = 0; y < maps_.height; ++y)
      for (int x = 0; x < maps_.width; ++x)
        if (score({y, x}, part) > score(best, part)) best = {y, x};
    return best;
  }

  // Parts above a score, higher than what is around them; the highest first.
  std::vector<Candidate> candidates(float least) const {
    std::vector<Candidate> found;
    for (int y = 0; y < maps_.height; ++y)
      for (int x = 0; x < maps_.width; ++x)
        for (int part = 0; part < posenet_part_count; ++part) {
          float value = score({y, x}, part);
          if (value >= least && is_highest_around({y, x}, part))
            found.push_back({value, {y, x}, part});
        }
    std::sort(found.begin(), found.end(), is_surer);
    return found;
  }

  // All parts of one person, by the displacements from the part that was found first.
  DecodedPose grow(const Candidate& root) const {
    DecodedPose pose;
    std::array<bool, posenet_part_count> known{};
    auto& points = pose.points;
    points[size_t(root.part)] = point(root.cell, root.part);
    known[size_t(root.part)] = true;
    auto reach = [&](int edge, int from, int to, std::span<const float> displacements) {
      if (!known[size_t(from)] || known[size_t(to)]) return;
      points[size_t(to)] = follow(edge, points[size_t(from)], to, displacements);
      known[size_t(to)] = true;
    };
    for (int edge = posenet_edge_count - 1; edge >= 0; --edge)
      reach(edge, posenet_edges[size_t(edge)].to, posenet_edges[size_t(edge)].from, maps_.backward);
    for (int edge = 0; edge < posenet_edge_count; ++edge)
      reach(edge, posenet_edges[size_t(edge)].from, posenet_edges[size_t(edge)].to, maps_.forward);
    return pose;
  }

 private:
  void check(const char* name, std::span<const float> map, int channels) const {
    size_t needed = size_t(maps_.height) * size_t(maps_.width) * size_t(channels);
    if (maps_.height > 0 && maps_.width > 0 && maps_.stride > 0 && map.size() == needed) return;
    fail("pose: the maps of the network do not belong together",
         {{"map", name},
          {"numbers", map.size()},
          {"height", maps_.height},
          {"width", maps_.width},
          {"channels", channels},
          {"stride", maps_.stride}},
         "a PoseNet whose four outputs have one size");
  }

  float at(std::span<const float> map, Cell cell, int channels, int channel) const {
    return map[size_t((cell.y * maps_.width + cell.x) * channels + channel)];
  }

  bool is_highest_around(Cell cell, int part) const {
    float value = score(cell, part);
    for (int y = std::max(cell.y - 1, 0); y <= std::min(cell.y + 1, maps_.height - 1); ++y)
      for (int x = std::max(cell.x - 1, 0); x <= std::min(cell.x + 1, maps_.width - 1); ++x)
        if (score({y, x}, part) > value) return false;
    return true;
  }

  Cell cell_near(const PosePoint& point) const {
    auto nearest = [&](float pixels, int count) {
      // Clamped before it is an integer: a network may tell of points that are nowhere.
      float cell = std::floor(pixels / float(maps_.stride) + 0.5f);
      return cell > 0 ? int(std::min(cell, float(count - 1))) : 0;
    };
    return {nearest(point.y, maps_.height), nearest(point.x, maps_.width)};
  }

  PosePoint follow(int edge, const PosePoint& from, int part,
                   std::span<const float> displacements) const {
    Cell start = cell_near(from);
    constexpr int channels = 2 * posenet_edge_count;
    PosePoint there{from.x + at(displacements, start, channels, posenet_edge_count + edge),
                    from.y + at(displacements, start, channels, edge)};
    for (int i = 0; i < refinements; ++i) there = point(cell_near(there), part);
    there.score = score(cell_near(there), part);
    return there;
  }

  PoseMaps maps_;
};

// Whether a pose before has the same part there.
bool is_taken(std::span<const DecodedPose> poses, const PosePoint& point, size_t part,
              float radius) {
  return std::any_of(poses.begin(), poses.end(), [&](const DecodedPose& pose) {
    float x = pose.points[part].x - point.x, y = pose.points[part].y - point.y;
    return x * x + y * y <= radius * radius;
  });
}

}  // namespace

PoseMaps pose_maps(std::span<const PoseOutput> outputs, int input_rows,
                   std::vector<float>& scores) {
  auto find = [&](const char* what, int channels, std::string_view part) -> const PoseOutput& {
    for (const PoseOutput& output : outputs) {
      const Shape& shape = output.shape;
      if (shape.rank() == 4 && shape[0] == 1 && shape[3] == channels &&
          output.name.find(part) != output.name.npos)
        return output;
    }
    fail("pose: the network has no such output",
         {{"missing", what}, {"channels", channels}, {"in its name", part}},
         "a PoseNet, whose outputs are heatmaps, offsets and two displacements");
  };
  const PoseOutput& heatmaps = find("heatmaps", posenet_part_count, "");
  PoseMaps maps;
  maps.height = heatmaps.shape[1];
  maps.width = heatmaps.shape[2];
  // The first cell is at the first row of the input, the last one at the last.
  if (maps.height > 1) maps.stride = (input_rows - 1) / (maps.height - 1);
  scores.resize(heatmaps.values.size());
  std::transform(heatmaps.values.begin(), heatmaps.values.end(), scores.begin(),
                 [](float logit) { return 1 / (1 + std::exp(-logit)); });
  maps.heatmaps = scores;
  maps.offsets = find("offsets", 2 * posenet_part_count, "").values;
  maps.forward = find("forward displacements", 2 * posenet_edge_count, "fwd").values;
  maps.backward = find("backward displacements", 2 * posenet_edge_count, "bwd").values;
  return maps;
}

DecodedPose decode_one_pose(const PoseMaps& maps) {
  Decoder decoder(maps);
  DecodedPose pose;
  for (int part = 0; part < posenet_part_count; ++part) {
    pose.points[size_t(part)] = decoder.point(decoder.highest(part), part);
    pose.score += pose.points[size_t(part)].score / posenet_part_count;
  }
  return pose;
}

std::vector<DecodedPose> decode_poses(const PoseMaps& maps, const PoseOptions& options) {
  Decoder decoder(maps);
  std::vector<DecodedPose> poses;
  for (const Candidate& root : decoder.candidates(options.part_score)) {
    if (int(poses.size()) >= options.most) break;
    PosePoint start = decoder.point(root.cell, root.part);
    if (is_taken(poses, start, size_t(root.part), options.radius)) continue;
    DecodedPose pose = decoder.grow(root);
    for (size_t part = 0; part < posenet_part_count; ++part)
      if (!is_taken(poses, pose.points[part], part, options.radius))
        pose.score += pose.points[part].score / posenet_part_count;
    poses.push_back(pose);
  }
  return poses;
}

}  // namespace gesso
