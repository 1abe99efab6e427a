// Calls of TF.js' public functions: as one of its kernels where they are little else, or written
// out in our operators.
#include <map>

#include "tests/suites/folders.h"
#include "tests/suites/op_call.h"

namespace gesso::suites {
namespace {

// A call on its way to a kernel, in the form in which kernels' cases are written.
struct KernelCase {
  std::string kernel;
  Json attrs = Json::object(), inputs = Json::array();
  std::vector<Json> outputs = {};

  void input(const std::string& name, Json tensor) {
    tensor["name"] = name;
    inputs.push_back(std::move(tensor));
  }
  Json test() const { return {{"attrs", attrs}, {"inputs", inputs}, {"outputs", outputs}}; }
};

// The names that a kernel has for the arguments of a function, tensors first.
struct Row {
  std::string kernel;
  std::vector<std::string> inputs, attrs;
  bool images = false;  // three dimensions stand for a batch of one
  bool whole = false;   // what is no tensor yet becomes one of int32
};

const std::map<std::string, Row> rows{
    {"argMax", {"ArgMax", {"x"}, {"axis"}}},
    {"avgPool", {"AvgPool", {"x"}, {"filterSize", "strides", "pad", "dimRoundingMode"}, true}},
    {"batchToSpaceND", {"BatchToSpaceND", {"x"}, {"blockShape", "crops"}}},
    {"clipByValue", {"ClipByValue", {"x"}, {"clipValueMin", "clipValueMax"}}},
    {"cropAndResize",
     {"CropAndResize", {"image", "boxes", "boxInd"}, {"cropSize", "method", "extrapolationValue"}}},
    {"cumsum", {"Cumsum", {"x"}, {"axis", "exclusive", "reverse"}}},
    {"depthToSpace", {"DepthToSpace", {"x"}, {"blockSize", "dataFormat"}}},
    {"dilation2d",
     {"Dilation2D", {"x", "filter"}, {"strides", "pad", "dilations", "dataFormat"}, true}},
    {"elu", {"Elu", {"x"}, {}}},
    {"expandDims", {"ExpandDims", {"input"}, {"dim"}}},
    {"flipLeftRight", {"FlipLeftRight", {"image"}, {}}},
    {"leakyRelu", {"LeakyRelu", {"x"}, {"alpha"}}},
    {"localResponseNormalization", {"LRN", {"x"}, {"depthRadius", "bias", "alpha", "beta"}, true}},
    {"matMul", {"BatchMatMul", {"a", "b"}, {"transposeA", "transposeB"}}},
    {"maxPool", {"MaxPool", {"x"}, {"filterSize", "strides", "pad", "dimRoundingMode"}, true}},
    {"mirrorPad", {"MirrorPad", {"x"}, {"paddings", "mode"}}},
    {"oneHot", {"OneHot", {"indices"}, {"depth", "onValue", "offValue", "dtype"}, false, true}},
    {"pad", {"PadV2", {"x"}, {"paddings", "constantValue"}}},
    {"prelu", {"Prelu", {"x", "alpha"}, {}}},
    {"relu6", {"Relu6", {"x"}, {}}},
    {"resizeBilinear",
     {"ResizeBilinear", {"images"}, {"size", "alignCorners", "halfPixelCenters"}, true}},
    {"resizeNearestNeighbor",
     {"ResizeNearestNeighbor", {"images"}, {"size", "alignCorners", "halfPixelCenters"}, true}},
    {"reverse", {"Reverse", {"x"}, {"dims"}}},
    {"selu", {"Selu", {"x"}, {}}},
    {"slice", {"Slice", {"x"}, {"begin", "size"}}},
    {"softmax", {"Softmax", {"logits"}, {"dim"}}},
    {"softplus", {"Softplus", {"x"}, {}}},
    {"spaceToBatchND", {"SpaceToBatchND", {"x"}, {"blockShape", "paddings"}}},
    {"split", {"SplitV", {"x"}, {"numOrSizeSplits", "axis"}}},
    {"step", {"Step", {"x"}, {"alpha"}}},
    {"stridedSlice",
     {"StridedSlice",
      {"x"},
      {"begin", "end", "strides", "beginMask", "endMask", "ellipsisMask", "newAxisMask",
       "shrinkAxisMask"}}},
    {"tensorScatterUpdate", {"TensorScatterUpdate", {"tensor", "indices", "updates"}, {}}},
    {"tile", {"Tile", {"x"}, {"reps"}}},
    {"topk", {"TopK", {"x"}, {"k", "sorted"}}},
    {"unstack", {"Unpack", {"value"}, {"axis"}}},
};

// A batch of one image.
void add_batch(Json& tensor) {
  Json& shape = tensor["shape"];
  if (shape.size() == 3) shape.insert(shape.begin(), 1);
}

// Indices that were given as a list are whole numbers.
std::string dtype_of_list(const Row& row, const std::string& input) {
  return row.whole || input == "indices" || input == "boxInd" ? "int32" : "float32";
}

KernelCase by_row(const OpCall& call, const Row& row, std::vector<Json> expected) {
  KernelCase k{row.kernel};
  for (size_t i = 0; i < row.inputs.size(); ++i) {
    Json tensor = tensor_like(call.at(i), dtype_of_list(row, row.inputs[i]));
    if (row.images && i == 0) add_batch(tensor);
    k.input(row.inputs[i], tensor);
  }
  for (size_t i = 0; i < row.attrs.size(); ++i)
    if (const Json* given = call.find(row.inputs.size() + i)) k.attrs[row.attrs[i]] = *given;
  if (row.kernel == "TopK" && !k.attrs.contains("k")) k.attrs["k"] = 1;
  for (Json& tensor : expected)
    if (row.images) add_batch(tensor);
  k.outputs = std::move(expected);
  return k;
}

// Functions whose arguments are in another order than a row can say.

KernelCase batch_norm(const OpCall& call, std::vector<Json> expected) {
  KernelCase k{"FusedBatchNorm", {{"varianceEpsilon", call.number_or(5, 0.001)}}};
  const char* names[] = {"x", "mean", "variance", "offset", "scale"};
  for (size_t i = 0; i < std::size(names); ++i)
    if (const Json* given = call.find(i)) k.input(names[i], tensor_like(*given));
  k.outputs = std::move(expected);
  return k;
}

// A sequence is an image of one row.
void add_row(Json& tensor) {
  Json& shape = tensor["shape"];
  if (shape.size() == 2) shape.insert(shape.begin(), 1);
  if (shape.size() != 3) fail("conv1d: a sequence must have two or three dimensions", {}, "[4, 1]");
  shape.insert(shape.begin() + 1, 1);
}

KernelCase conv1d(const OpCall& call, std::vector<Json> expected) {
  KernelCase k{"Conv2D", {{"strides", {1, call.integer_or(2, 1)}}, {"pad", call.at(3)}}};
  k.attrs["dilations"] = {1, call.integer_or(5, 1)};
  Json x = tensor_like(call.at(0)), filter = tensor_like(call.at(1));
  add_row(x);
  filter["shape"].insert(filter["shape"].begin(), 1);
  k.input("x", x);
  k.input("filter", filter);
  for (Json& tensor : expected) add_row(tensor);
  k.outputs = std::move(expected);
  return k;
}

KernelCase conv2d_transpose(const OpCall& call, std::vector<Json> expected) {
  Json dy = tensor_like(call.at(0)), sizes = call.at(2);
  add_batch(dy);
  if (sizes.size() == 3) sizes.insert(sizes.begin(), 1);
  for (Json& tensor : expected) add_batch(tensor);
  KernelCase k{"Conv2DBackpropInput",
               {{"inputShape", sizes}, {"strides", call.at(3)}, {"pad", call.at(4)}}};
  k.input("dy", dy);
  k.input("filter", tensor_like(call.at(1)));
  k.outputs = std::move(expected);
  return k;
}

KernelCase einsum(const OpCall& call, std::vector<Json> expected) {
  KernelCase k{"Einsum", {{"equation", call.at(0)}}};
  for (size_t i = 1; i < call.count(); ++i)
    k.input("x" + std::to_string(i), tensor_like(call.at(i)));
  k.outputs = std::move(expected);
  return k;
}

KernelCase erf(const OpCall& call, std::vector<Json> expected) {
  KernelCase k{"Erf"};
  Json x = tensor_like(call.at(0));
  x["dtype"] = "float32";  // whole numbers are taken for real ones
  k.input("x", x);
  k.outputs = std::move(expected);
  return k;
}

KernelCase gather(const OpCall& call, std::vector<Json> expected) {
  KernelCase k{"GatherV2", {{"axis", call.integer_or(2, 0)}, {"batchDims", call.integer_or(3, 0)}}};
  k.input("x", tensor_like(call.at(0)));
  k.input("indices", tensor_like(call.at(1), "int32"));
  k.outputs = std::move(expected);
  return k;
}

KernelCase pool(const OpCall& call, std::vector<Json> expected) {
  KernelCase k{call.text_or(2, "max") == "max" ? "MaxPool" : "AvgPool",
               {{"filterSize", call.at(1)}, {"pad", call.at(3)}}};
  k.attrs["dilations"] = call.find(4) ? call.at(4) : Json(1);
  k.attrs["strides"] = call.find(5) ? call.at(5) : Json(1);
  if (call.find(6)) k.attrs["dimRoundingMode"] = call.at(6);
  Json x = tensor_like(call.at(0));
  add_batch(x);
  for (Json& tensor : expected) add_batch(tensor);
  k.input("x", x);
  k.outputs = std::move(expected);
  return k;
}

KernelCase stack(const OpCall& call, std::vector<Json> expected) {
  KernelCase k{"Pack", {{"axis", call.integer_or(1, 0)}}};
  const Json& list = call.at(0);
  for (size_t i = 0; i < list.size(); ++i) k.input("x" + std::to_string(i), tensor_like(list[i]));
  k.outputs = std::move(expected);
  return k;
}

const std::map<std::string, KernelCase (*)(const OpCall&, std::vector<Json>)> others{
    {"batchNorm", batch_norm},
    {"batchNorm2d", batch_norm},
    {"batchNorm3d", batch_norm},
    {"batchNorm4d", batch_norm},
    {"conv1d", conv1d},
    {"conv2dTranspose", conv2d_transpose},
    {"einsum", einsum},
    {"erf", erf},
    {"gather", gather},
    {"pool", pool},
    {"stack", stack},
};

// Why a function is not run.
const std::map<std::string, std::string> reasons{
    {"conv3dTranspose", "no operator: 3-D convolution"},
    {"transform", "no operator: image transforms"},
    {"unique", "no operator: sizes known only at run time"},
};

}  // namespace

void run_tfjs_op(const std::string& stem, const Json& test, Trial& trial) {
  if (auto found = reasons.find(stem); found != reasons.end()) throw Skip{found->second};
  OpCall call(stem, member(test, "args"));
  std::vector<Json> expected = result_tensors(member(test, "result"));
  if (auto row = rows.find(stem); row != rows.end()) {
    KernelCase k = by_row(call, row->second, std::move(expected));
    return run_tfjs_kernel(k.kernel, k.test(), trial);
  }
  if (auto other = others.find(stem); other != others.end()) {
    KernelCase k = other->second(call, std::move(expected));
    return run_tfjs_kernel(k.kernel, k.test(), trial);
  }
  run_composed(call, expected, trial);
}

}  // namespace gesso::suites
