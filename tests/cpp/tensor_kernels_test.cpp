// Which version of a kernel runs: the widest that the processor has, whoever made it.
#include "tensor_testing.hpp"

#include <trigrad/tensor/kernels.hpp>

#include <string>

namespace trigrad::testing {
namespace {

#ifdef TRIGRAD_WIDE
// Chosen by the same names as the versions of TRIGRAD_CLONES.
__attribute__((target("default"))) std::string chosen() { return "default"; }
__attribute__((target(TRIGRAD_WIDE))) std::string chosen() { return TRIGRAD_WIDE; }
__attribute__((target(TRIGRAD_WIDEST))) std::string chosen() { return TRIGRAD_WIDEST; }

TEST(TensorKernels, RunOnTheWidestVectorsThereAre) {
  const std::string there = __builtin_cpu_supports("avx512f") ? "avx512f" : __builtin_cpu_supports("avx2") ? "avx2" : "default";
  EXPECT_EQ(chosen(), there);
}
#endif

}  // namespace
}  // namespace trigrad::testing
