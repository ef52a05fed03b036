// Uses the installed tensor library, outside this repository's own build.
#include <trigrad/tensor.hpp>

int main() {
  using namespace trigrad;
  Tensor x = full({2, 3}, 2.0).set_requires_grad();
  Tensor loss = sum(x * x);
  loss.backward();
  return loss.item() == 24.0 && x.grad().data<float>()[5] == 4.0f ? 0 : 1;
}
