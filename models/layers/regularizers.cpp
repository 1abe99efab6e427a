#include "models/layers/regularizers.h"

#include "core/ops/list.h"

namespace gesso {
namespace {

constexpr double usual = 0.01;  // where only the name is given

Operand scaled_sum(Builder& b, const Op& reduction, Operand x, double factor) {
  return b.apply(linear_op, {b.apply(reduction, {x})}, {{"alpha", factor}});
}

}  // namespace

Operand penalty(Builder& b, Operand x, double l1, double l2) {
  Operand sum;
  if (l1 != 0) sum = scaled_sum(b, reduce_l1_op, x, l1);
  if (l2 == 0) return sum;
  Operand squares = scaled_sum(b, reduce_sum_square_op, x, l2);
  return sum ? b.apply(add_op, {sum, squares}) : squares;
}

Operand penalty(Builder& b, Operand x, const Field& config) {
  bool is_object = config.is_object();
  Field name = is_object ? config.at("class_name") : config;
  Field factors = is_object ? config.get("config") : Field{};
  std::string word = snake_case(name.text());
  bool has_l1 = word == "l1" || word == "l1_l2" || word == "l1l2";
  bool has_l2 = word == "l2" || word == "l1_l2" || word == "l1l2";
  if (!has_l1 && !has_l2) name.refuse("is not a regulariser", "l1, l2 or l1_l2");
  // L1L2 with one factor has no other; L1 and L2 may call theirs "l".
  double otherwise = factors.get("l1") || factors.get("l2") ? 0 : usual;
  if (factors.get("l")) otherwise = factors.get("l").number();
  return penalty(b, x, has_l1 ? factors.get("l1").number_or(otherwise) : 0,
                 has_l2 ? factors.get("l2").number_or(otherwise) : 0);
}

}  // namespace gesso
