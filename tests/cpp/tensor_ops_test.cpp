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

// Against the same operands written out, to the bit: around a block of 16, a chunk of 512, and shared by threads.
TEST(TensorOps, ANumberIsRepeated) {
  for (const DType dtype : {DType::Float32, DType::Float64})
    for (const std::int64_t n : {1, 15, 16, 17, 511, 512, 513, 1300, sized(200'000, 2'000)}) {
      SCOPED_TRACE(std::to_string(n));
      const Tensor x = randn({n}, dtype).set_requires_grad(), written = randn({n}, dtype).set_requires_grad();
      const Tensor number = full({}, 0.3, dtype), all = contiguous(expand(number, {n}));
      written.detach().copy_(x.detach());
      const auto expect_same = [&](const Tensor& z, const Tensor& as_written, const Tensor& g) {
        EXPECT_TRUE(same_bits(z, as_written));
        z.backward(g, {}), as_written.backward(g, {});
        EXPECT_TRUE(same_bits(x.grad(), written.grad()));
      };
      expect_same(x * 0.3, written * all, randn({n}, dtype));
      expect_same(number / x, all / written, randn({n}, dtype));
      expect_same(where(x > 0.0, x, number), where(written > 0.0, written, all), randn({n}, dtype));
      const Tensor halves = full({1}, 0.5, DType::Float64), whole = randint(-9, 9, {n});
      EXPECT_TRUE(same_bits(x.detach() - full({}, 0.5, DType::Float64), x.detach() - contiguous(expand(full({}, 0.5, dtype), {n}))))
          << "another type";
      EXPECT_TRUE(same_bits(whole * full({1}, 3, DType::Int64), whole + whole + whole)) << "integers";
      EXPECT_EQ((whole + halves).dtype(), DType::Float64);
      EXPECT_TRUE(same_bits(whole + halves, to_dtype(whole, DType::Float64) + contiguous(expand(halves, {n}))));
    }
  EXPECT_EQ((randn({0}) * 2.0).numel(), 0);
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
