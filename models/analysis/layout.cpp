#include "models/analysis/layout.h"

#include <algorithm>
#include <cmath>

#include "core/random.h"

namespace gesso {

void Layout::begin_with(std::span<const float> points, size_t columns, float deviation,
                        uint32_t seed) {
  Random random(seed, 1);
  double scale = 0;
  for (size_t d = 0; d < dimensions(); ++d) {
    double squares = 0;
    for (size_t i = 0; d < columns && i < count_; ++i) {
      double x = double(points[i * columns + d]);
      squares += x * x;
    }
    if (d == 0 && squares > 0) scale = double(deviation) / std::sqrt(squares / double(count_));
    for (size_t i = 0; i < count_; ++i)
      axis(d)[i] = squares > 0 ? float(scale * double(points[i * columns + d]))
                               : deviation / 100 * random.normal();
  }
}

void Layout::center() {
  for (size_t d = 0; d < dimensions(); ++d) {
    double sum = 0;
    for (size_t i = 0; i < count_; ++i) sum += double(axis(d)[i]);
    float mean = float(sum / double(std::max<size_t>(count_, 1)));
    for (size_t i = 0; i < count_; ++i) axis(d)[i] -= mean;
  }
}

void Layout::write(std::vector<float>& points) const {
  points.resize(count_ * dimensions());
  for (size_t i = 0; i < count_; ++i)
    for (size_t d = 0; d < dimensions(); ++d) points[i * dimensions() + d] = axis(d)[i];
}

}  // namespace gesso
