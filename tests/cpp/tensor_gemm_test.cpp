// Every backend of the matrix product against the definition: sizes around the tiles' edges, all layouts, deep sums.

#include <trigrad/tensor.hpp>
#include <trigrad/tensor/gemm.hpp>
#include <trigrad/tensor/parallel.hpp>

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

namespace tg = trigrad;

namespace {

// Σ_k x[i, k] y[k, j] in double, number by number.
void expect_product(const tg::Tensor& x, const tg::Tensor& y, const tg::Tensor& z) {
  const tg::Tensor a = tg::contiguous_data(tg::to_dtype(x, tg::DType::Float64)),
                   b = tg::contiguous_data(tg::to_dtype(y, tg::DType::Float64));
  const std::int64_t M = x.size(0), K = x.size(1), N = y.size(1);
  const double eps = x.dtype() == tg::DType::Float32 ? 1.2e-7 : 2.3e-16;
  for (std::int64_t i = 0; i < M; ++i)
    for (std::int64_t j = 0; j < N; ++j) {
      double sum = 0, size = 0;
      for (std::int64_t k = 0; k < K; ++k) {
        const double term = a.data<double>()[i * K + k] * b.data<double>()[k * N + j];
        sum += term;
        size += std::abs(term);
      }
      const double found = z.dtype() == tg::DType::Float32 ? z.data<float>()[i * N + j] : z.data<double>()[i * N + j];
      ASSERT_NEAR(found, sum, (static_cast<double>(K) + 2) * eps * size) << i << ", " << j << " of " << M << "x" << N << ", K = " << K;
    }
}

// The same matrix, whose columns lie in one piece each.
tg::Tensor by_columns(const tg::Tensor& x) { return tg::transpose(tg::contiguous(tg::transpose(x, 0, 1)), 0, 1); }

class Gemm : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { tg::set_gemm_backend(GetParam()); }
  void TearDown() override { tg::set_gemm_backend(before_); }

 private:
  std::string before_{tg::gemm_backend()};
};

TEST_P(Gemm, AgreesWithTheDefinitionAtEverySizeAndLayout) {
  const std::int64_t sizes[][3] = {{1, 1, 1},     {2, 3, 4},     {7, 9, 5},     {8, 32, 16},  {9, 33, 17},   {32, 10, 64}, {100, 16, 2},
                                   {31, 65, 3},   {3, 200, 40},  {200, 3, 7},   {5, 40, 513}, {13, 7, 1030}, {16, 64, 9},  {17, 70, 300},
                                   {64, 33, 140}, {70, 1100, 3}, {66, 65, 150}, {9, 4, 2100}, {70, 7, 4200}};
  for (const auto dtype : {tg::DType::Float32, tg::DType::Float64})
    for (const auto& [M, N, K] : sizes) {
      const auto x = tg::randn({M, K}, dtype), y = tg::randn({K, N}, dtype);
      for (const auto& left : {x, by_columns(x)})
        for (const auto& right : {y, by_columns(y)}) expect_product(left, right, tg::matmul(left, right));
    }
}

TEST_P(Gemm, ReadsViewsAsTheyLie) {
  const auto x = tg::narrow(tg::randn({9, 40}, tg::DType::Float64), 1, 3, 20);  // rows further apart than long
  const auto y = tg::expand(tg::randn({20, 1}, tg::DType::Float64), {20, 35});  // one column, thirty-five times
  expect_product(x, y, tg::matmul(x, y));
}

TEST_P(Gemm, ReadsARowOrAColumnManyTimes) {
  const auto kinds = [](std::int64_t rows, std::int64_t columns, tg::DType dtype) {
    return std::vector<tg::Tensor>{tg::randn({rows, columns}, dtype), tg::expand(tg::randn({1, columns}, dtype), {rows, columns}),
                                   tg::expand(tg::randn({rows, 1}, dtype), {rows, columns})};
  };
  const std::int64_t sizes[][3] = {{1, 64, 64}, {8, 64, 3}, {32, 96, 200}, {64, 32, 130}, {100, 48, 33}, {5, 33, 7}, {40, 16, 300}};
  for (const auto dtype : {tg::DType::Float32, tg::DType::Float64})
    for (const auto& [M, N, K] : sizes)
      for (const auto& x : kinds(M, K, dtype))
        for (const auto& y : kinds(K, N, dtype)) expect_product(x, y, tg::matmul(x, y));
}

TEST_P(Gemm, BitsDoNotDependOnTheNumberOfThreads) {
  const std::int64_t sizes[][3] = {{100, 96, 450}, {40, 1100, 130}, {1100, 40, 130}};  // cut, their halves look like other shapes
  const int before = tg::num_threads();
  for (const auto& [M, N, K] : sizes)
    for (const auto dtype : {tg::DType::Float32, tg::DType::Float64}) {
      const auto x = tg::randn({M, K}, dtype), y = tg::randn({K, N}, dtype);
      tg::set_num_threads(1);
      const auto alone = tg::matmul(x, y);
      tg::set_num_threads(3);
      const auto shared = tg::matmul(x, y);
      const std::size_t bytes = static_cast<std::size_t>(M * N) * size_of(dtype);
      EXPECT_EQ(std::memcmp(alone.raw(), shared.raw(), bytes), 0) << M << "x" << N << ", K = " << K;
    }
  tg::set_num_threads(before);
}

TEST_P(Gemm, EmptySumsAreZero) {
  const auto z = tg::matmul(tg::ones({3, 0}), tg::ones({0, 5}));
  for (std::int64_t k = 0; k < z.numel(); ++k) EXPECT_EQ(z.data<float>()[k], 0.0f);
}

TEST_P(Gemm, InfinityAndNaNGoThrough) {
  auto x = tg::ones({9, 33});
  x.data<float>()[0] = std::numeric_limits<float>::infinity();
  x.data<float>()[33] = std::numeric_limits<float>::quiet_NaN();
  const auto z = tg::matmul(x, tg::ones({33, 5}));
  EXPECT_TRUE(std::isinf(z.data<float>()[4]));
  EXPECT_TRUE(std::isnan(z.data<float>()[5]));
  EXPECT_EQ(z.data<float>()[10], 33.0f);
}

INSTANTIATE_TEST_SUITE_P(Tensor, Gemm, ::testing::ValuesIn(tg::gemm_backends()), [](const auto& info) { return info.param; });

TEST(TensorGemm, UnknownBackendsAreRefusedByName) {
  try {
    tg::set_gemm_backend("abacus");
    FAIL();
  } catch (const tg::ValueError& error) {
    EXPECT_TRUE(std::string_view(error.what()).starts_with("gemm backend 'abacus' is not one of 'packed', ")) << error.what();
  }
}

}  // namespace
