// The expression of micrograd's README: two variables, a dozen operations, one backward.
#include <trigrad/scalar.hpp>

#include <cstdio>

int main() {
  using trigrad::Value, trigrad::leaf;
  const Value a = leaf(-4.0), b = leaf(2.0);
  Value c = a + b;
  Value d = a * b + pow(b, 3);
  c += c + 1;
  c += 1 + c + (-a);
  d += d * 2 + relu(b + a);
  d += 3 * d + relu(b - a);
  const Value e = c - d;
  const Value f = pow(e, 2);
  Value g = f / 2.0;
  g += 10.0 / f;
  std::printf("g      %.4f\n", g.data);  // 24.7041
  g.backward();
  std::printf("dg/da  %.4f\n", a.grad());  // 138.8338
  std::printf("dg/db  %.4f\n", b.grad());  // 645.5773
}
