#include "models/load/weights.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

namespace gesso {
namespace {

static_assert(std::endian::native == std::endian::little, "weights are stored little-endian");

// The bytes of a group: its files one after the other, without joining them.
class Group {
 public:
  void add(std::span<const std::byte> file) {
    files_.push_back(file);
    left_ += file.size();
  }
  size_t left() const { return left_; }

  // The caller has checked that so many bytes are left.
  void read(std::span<std::byte> out) {
    left_ -= out.size();
    while (!out.empty()) {
      auto part = files_[at_].subspan(position_);
      size_t n = std::min(part.size(), out.size());
      std::copy_n(part.begin(), n, out.begin());
      out = out.subspan(n);
      position_ += n;
      if (position_ == files_[at_].size()) ++at_, position_ = 0;
    }
  }

 private:
  std::vector<std::span<const std::byte>> files_;
  size_t left_ = 0, at_ = 0, position_ = 0;
};

// A path from a manifest may name files beside or below it, and nothing else.
void check_path(const Field& field) {
  std::string_view path = field.text();
  bool leaves = path.empty() || path[0] == '/' || path.find('\\') != path.npos ||
                path.find(':') != path.npos || path.find('\0') != path.npos;
  for (size_t at = 0; at <= path.size() && !leaves;) {
    size_t end = std::min(path.find('/', at), path.size());
    leaves = path.substr(at, end - at) == "..";
    at = end + 1;
  }
  if (leaves)
    field.refuse(phrase({"must name a file in the folder of ", field.file()}),
                 "a plain file name, such as group1-shard1of1.bin");
}

std::span<const std::byte> find_file(const Files& files, const Field& path) {
  check_path(path);
  auto file = files.find(path.text());
  if (file == files.end()) {
    size_t folder = path.file().rfind('/');
    if (folder != std::string::npos)
      file = files.find(path.file().substr(0, folder + 1) + path.text());
  }
  if (file == files.end()) {
    std::string given;
    for (const auto& [name, bytes] : files) given += (given.empty() ? "" : ", ") + name;
    fail(phrase({path.file(), ": ", path.path(), " names a file that is not there"}),
         {{"missing", in_quotes(path.text())}, {"there are", given.substr(0, 300)}},
         "download every file that the manifest names");
  }
  return file->second;
}

// How an element is stored, and what it becomes.
struct Storage {
  std::string_view name;
  size_t bytes;
  DType dtype;
};

constexpr Storage storages[] = {
    {"float32", 4, DType::f32}, {"float16", 2, DType::f32}, {"int32", 4, DType::i32},
    {"uint8", 1, DType::i32},   {"uint16", 2, DType::i32},  {"bool", 1, DType::boolean},
};

const Storage& storage_of(const Field& dtype) {
  std::string known;
  for (const Storage& s : storages) {
    if (s.name == dtype.text()) return s;
    known += (known.empty() ? "" : ", ") + std::string(s.name);
  }
  fail(phrase({dtype.file(), ": ", dtype.path(), " is not a type of weights that can be read"}),
       {{"found", in_quotes(dtype.text())}, {"known", known}},
       "convert the model again with these types only");
}

Shape shape_of(const Field& field) {
  auto sizes = field.items();
  if (sizes.size() > Shape::max_rank)
    field.refuse("has too many sizes", phrase({"at most ", Shape::max_rank}));
  Shape shape;
  size_t count = 1;
  for (const Field& item : sizes) {
    int size = item.integer();
    if (size < 0) item.refuse("cannot be negative", "a size of 0 or more");
    shape.push_back(size);
    if (size > 0 && count > most_elements / size_t(size))
      field.refuse("has too many elements", phrase({"at most ", most_elements}));
    count *= size_t(size);
  }
  return shape;
}

// Decodes `count` elements from a group, some at a time.
template <class Stored, class F>
void decode(Group& group, size_t count, F each) {
  Stored chunk[1024];
  for (size_t done = 0; done < count;) {
    size_t n = std::min(count - done, std::size(chunk));
    group.read(std::as_writable_bytes(std::span(chunk, n)));
    for (size_t i = 0; i < n; ++i) each(done + i, chunk[i]);
    done += n;
  }
}

void read_quantised(Group& group, const Field& quantization, std::string_view stored, Buffer& out,
                    const TensorType& type) {
  double scale = quantization.at("scale").number(), min = quantization.at("min").number();
  auto store = [&](size_t i, auto q) {
    double w = double(q) * scale + min;
    if (type.dtype == DType::f32)
      out.as<float>()[i] = float(w);
    else
      out.as<int32_t>()[i] = int32_t(std::clamp(std::round(w), -2147483648.0, 2147483647.0));
  };
  size_t count = type.shape.count();
  if (stored == "uint8")
    decode<uint8_t>(group, count, store);
  else
    decode<uint16_t>(group, count, store);
}

void read_plain(Group& group, std::string_view stored, Buffer& out, size_t count) {
  if (stored == "float16")
    decode<uint16_t>(group, count,
                     [&](size_t i, uint16_t h) { out.as<float>()[i] = float_from_half(h); });
  else if (stored == "uint8")
    decode<uint8_t>(group, count, [&](size_t i, uint8_t v) { out.as<int32_t>()[i] = v; });
  else if (stored == "uint16")
    decode<uint16_t>(group, count, [&](size_t i, uint16_t v) { out.as<int32_t>()[i] = v; });
  else if (stored == "bool")
    decode<uint8_t>(group, count, [&](size_t i, uint8_t v) { out.as<uint8_t>()[i] = v != 0; });
  else
    group.read({out.data(), count * 4});
}

std::unique_ptr<Weight> read_weight(Group& group, const Field& field) {
  const Storage& declared = storage_of(field.at("dtype"));
  TensorType type{declared.dtype, shape_of(field.at("shape"))};
  Field quantization = field.get("quantization");
  const Storage* stored = &declared;
  bool scaled = false;
  if (quantization) {
    Field dtype = quantization.at("dtype");
    stored = &storage_of(dtype);
    scaled = stored->name == "uint8" || stored->name == "uint16";
    if (!scaled && stored->name != "float16")
      dtype.refuse("is not a quantisation", "uint8, uint16 or float16");
    if (type.dtype == DType::boolean || (!scaled && type.dtype != DType::f32))
      quantization.refuse(phrase({"does not go with the type ", in_quotes(declared.name)}),
                          "float32");
  }
  size_t count = type.shape.count(), bytes = count * stored->bytes;
  if (bytes > group.left())
    fail(phrase({field.file(), ": the files of ", field.path(), " end too early"}),
         {{"weight", in_quotes(field.at("name").text())},
          {"needs", std::to_string(bytes) + " bytes"},
          {"left", std::to_string(group.left()) + " bytes"}},
         "download the files again");
  auto data = std::make_shared<Buffer>(type.bytes());
  if (scaled)
    read_quantised(group, quantization, stored->name, *data, type);
  else
    read_plain(group, stored->name, *data, count);
  auto weight = std::make_unique<Weight>(field.at("name").text(), type, std::move(data));
  weight->of_optimizer = field.get("group").text_or("") == "optimizer";
  return weight;
}

std::vector<int> file_order(int rank) {
  std::vector<int> order(static_cast<size_t>(rank));
  std::iota(order.begin(), order.end(), 0);
  return order;
}

}  // namespace

float float_from_half(uint16_t half) {
  int exponent = half >> 10 & 31, fraction = half & 1023;
  float size = exponent == 31  ? (fraction ? std::numeric_limits<float>::quiet_NaN()
                                           : std::numeric_limits<float>::infinity())
               : exponent == 0 ? std::ldexp(float(fraction), -24)
                               : std::ldexp(float(fraction + 1024), exponent - 25);
  return half & 0x8000 ? -size : size;
}

std::shared_ptr<Buffer> transposed(const TensorType& type, const Buffer& data,
                                   const std::vector<int>& order) {
  auto result = std::make_shared<Buffer>(type.bytes());
  auto strides = strides_of(type.shape);
  Shape shape;
  std::array<size_t, Shape::max_rank> steps{};
  for (size_t i = 0; i < order.size(); ++i) {
    shape.push_back(type.shape[order[i]]);
    steps[i] = strides[size_t(order[i])];
  }
  size_t size = size_of(type.dtype), from = 0, count = shape.count();
  std::array<int, Shape::max_rank> at{};
  for (size_t to = 0; to < count; ++to) {
    std::memcpy(result->data() + to * size, data.data() + from * size, size);
    for (int axis = shape.rank(); axis-- > 0;) {
      size_t i = size_t(axis);
      from += steps[i];
      if (++at[i] < shape[axis]) break;
      from -= steps[i] * size_t(shape[axis]);
      at[i] = 0;
    }
  }
  return result;
}

Weight::Weight(std::string name, TensorType type, std::shared_ptr<Buffer> data)
    : name_(std::move(name)), type_(std::move(type)) {
  layouts_.push_back({file_order(type_.shape.rank()), std::move(data), false});
}

std::shared_ptr<const Buffer> Weight::data(const std::vector<int>& order) const {
  for (Layout& layout : layouts_) {
    if (layout.order != order) continue;
    layout.wanted = true;
    return layout.data;
  }
  auto data = in_order(order);
  if (is_open_) return data;
  layouts_.push_back({order, data, true});
  std::erase_if(layouts_, [](const Layout& layout) { return !layout.wanted; });
  return data;
}

std::shared_ptr<Buffer> Weight::open() const {
  if (is_open_) return layouts_.front().data;
  std::vector<int> order = file_order(type_.shape.rank());
  auto known = std::find_if(layouts_.begin(), layouts_.end(),
                            [&](const Layout& layout) { return layout.order == order; });
  auto data = known == layouts_.end() ? in_order(order) : known->data;
  layouts_ = {{order, data, true}};
  is_open_ = true;
  return data;
}

std::shared_ptr<Buffer> Weight::in_order(const std::vector<int>& order) const {
  // From the layout there is (axis i is the file's axis there[i]) to the one that is asked for.
  const Layout& base = layouts_.front();
  TensorType there{type_.dtype, {}};
  for (int axis : base.order) there.shape.push_back(type_.shape[axis]);
  std::vector<int> steps;
  for (int axis : order)
    steps.push_back(
        int(std::find(base.order.begin(), base.order.end(), axis) - base.order.begin()));
  return transposed(there, *base.data, steps);
}

std::shared_ptr<const Buffer> Weight::data() const {
  return data(file_order(type_.shape.rank()));
}

Weights::Weights(const Files& files, const Field& manifest) {
  for (const Field& entry : manifest.items()) {
    Group group;
    Field paths = entry.at("paths");
    for (const Field& path : paths.items()) group.add(find_file(files, path));
    for (const Field& field : entry.at("weights").items()) {
      Field name = field.at("name");
      if (by_name_.contains(name.text()))
        name.refuse("is the name of two weights", "a file that a converter wrote");
      all_.push_back(read_weight(group, field));
      by_name_.emplace(name.text(), all_.back().get());
    }
    if (group.left())
      fail(phrase({paths.file(), ": the files of ", paths.path(), " hold more than the weights"}),
           {{"left over", std::to_string(group.left()) + " bytes"}},
           "download the files again, all from the same place");
  }
}

const Weight* Weights::find(std::string_view name) const {
  auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

size_t Weights::elements() const {
  size_t sum = 0;
  for (const auto& weight : all_) sum += weight->type().shape.count();
  return sum;
}

}  // namespace gesso
