// Who multiplies matrices. The results differ in rounding only; the harness compares the speeds.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace trigrad {

// "packed" (ours, the default), ours for lesser instruction sets that this processor has, "eigen", and what was loaded.
std::vector<std::string> gemm_backends();
std::string_view gemm_backend();               // TRIGRAD_GEMM=NAME in the environment overrides the default
void set_gemm_backend(std::string_view name);  // ValueError names those there are

// Adds a shared library with cblas_sgemm and cblas_dgemm (OpenBLAS, MKL, BLIS, ...) or dnnl_sgemm (oneDNN).
void load_gemm_library(const std::string& path, const std::string& name);

}  // namespace trigrad
