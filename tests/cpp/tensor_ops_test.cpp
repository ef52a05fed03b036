// Plain numbers among tensors and how results lie, from C++. (What the ops compute is tested from the list, in
// tests/conformance.)

#include "tensor_testing.hpp"

namespace trigrad::testing {
namespace {

TEST(TensorOps, AConstantKeepsItsDigitsAndWidensNothing) {
  EXPECT_EQ((ones({1}, DType::Float64) * 0.1).item(), 0.1);
  EXPECT_EQ((ones({1}) * 0.1).dtype(), DType::Float32);
  EXPECT_EQ((ones({1}) * 0.1).item(), static_cast<double>(0.1f));
}

TEST(TensorOps, AResultLiesRowByRowAlthoughAnAxisOfOneHadAnotherStep) {
  const Tensor table = ones({4, 6}).set_requires_grad();
  const Tensor row = narrow(narrow(table, 1, 0, 3), 0, 1, 1), number = narrow(select(table, 1, 2), 0, 1, 1);
  ASSERT_TRUE(row.is_contiguous() && number.is_contiguous());
  ASSERT_EQ(row.strides(), (Dims{6, 1}));
  ASSERT_EQ(number.strides(), Dims{6});
  EXPECT_EQ((row * row).strides(), (Dims{3, 1}));
  EXPECT_EQ((number * number).strides(), Dims{1});
  EXPECT_EQ(zeros_of(narrow(table, 1, 0, 0)).strides(), (Dims{1, 1}));
}

}  // namespace
}  // namespace trigrad::testing
