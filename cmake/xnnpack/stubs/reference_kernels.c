// In place of XNNPACK's own reference kernels, which stand in where a type has no vector kernel:
// what XNNPACK cannot run so, it declines, and our kernels do it.
#include <stddef.h>

#include "xnnpack/reference-config.h"

const struct xnn_unary_elementwise_config* xnn_init_unary_reference_config(
    enum xnn_unary_operator op, enum xnn_datatype input, enum xnn_datatype output) {
  (void)op, (void)input, (void)output;
  return NULL;
}
const struct xnn_binary_elementwise_config* xnn_init_binary_reference_config(
    enum xnn_binary_operator op, enum xnn_datatype type) {
  (void)op, (void)type;
  return NULL;
}
