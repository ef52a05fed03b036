// Who multiplies matrices. The results differ in rounding only; the harness compares the speeds.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace trigrad {

std::vector<std::string> gemm_backends();       // "packed" (ours, the default) and "eigen"
std::string_view gemm_backend();                // TRIGRAD_GEMM=NAME in the environment overrides the default
void set_gemm_backend(std::string_view name);   // ValueError names those there are

}  // namespace trigrad
