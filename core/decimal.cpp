#include "core/decimal.h"

#include <cstdio>

#ifdef __EMSCRIPTEN__
#include <emscripten.h>

// JavaScript can do it, and the C library would bring arithmetic in 128 bits along.
// clang-format off
EM_JS(void, gesso_decimal, (double number, int digits, char* text, int size), {
  const trimmed = (decimals) => {
    if (!decimals.includes('.')) return decimals;
    while (decimals.endsWith('0')) decimals = decimals.slice(0, -1);
    return decimals.endsWith('.') ? decimals.slice(0, -1) : decimals;
  };
  const magnitude = Math.abs(number);
  const [mantissa, power] = magnitude.toExponential(digits - 1).split('e');
  let written;
  if (isNaN(number)) written = 'nan';
  else if (magnitude == Infinity) written = 'inf';
  else if (power < -4 || power >= digits)
    written = trimmed(mantissa) + 'e' + power[0] + power.slice(1).padStart(2, '0');
  else written = trimmed(magnitude.toFixed(digits - 1 - power));
  const sign = number < 0 || Object.is(number, -0) ? '-' : "";
  stringToUTF8(sign + written, text, size);
})
EM_JS_DEPS(gesso_decimal, "$stringToUTF8")
// clang-format on
#endif

namespace gesso {

std::string decimal(double number, int digits) {
  char text[32];
#ifdef __EMSCRIPTEN__
  gesso_decimal(number, digits, text, sizeof text);
#else
  std::snprintf(text, sizeof text, "%.*g", digits, number);
#endif
  return text;
}

}  // namespace gesso
