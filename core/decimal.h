// Numbers as text.
#pragma once

#include <string>

namespace gesso {

// A number rounded to this many significant digits, as printf's %g writes it: 1, 0.01, 1e-07, -inf.
std::string decimal(double number, int digits = 6);

}  // namespace gesso
