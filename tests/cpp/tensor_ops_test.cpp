// Plain numbers among tensors, from C++. (What the ops compute is tested from the list, in tests/conformance.)

#include "tensor_testing.hpp"

namespace trigrad::testing {
namespace {

TEST(TensorOps, AConstantKeepsItsDigitsAndWidensNothing) {
  EXPECT_EQ((ones({1}, DType::Float64) * 0.1).item(), 0.1);
  EXPECT_EQ((ones({1}) * 0.1).dtype(), DType::Float32);
  EXPECT_EQ((ones({1}) * 0.1).item(), static_cast<double>(0.1f));
}

}  // namespace
}  // namespace trigrad::testing
