// Uses the installed headers of the scalar engine, outside this repository's own build.
#include <trigrad/scalar.hpp>

int main() {
  trigrad::Value x = trigrad::leaf(3.0);
  trigrad::Value z = x * x + tanh(x - 3.0);
  z.backward();
  return x.grad() == 7.0 ? 0 : 1;
}
