// Which backend multiplies.

#include "gemm.hpp"

#include <trigrad/errors.hpp>

#include <algorithm>
#include <atomic>
#include <cstdlib>

namespace trigrad {
namespace {

enum Backend : int { Packed, Eigen };
constexpr std::string_view kNames[] = {"packed", "eigen"};

Backend parse(std::string_view name) {
  for (int k = 0; k < 2; ++k)
    if (kNames[k] == name) return static_cast<Backend>(k);
  throw ValueError("gemm backend '" + std::string(name) + "' is not one of 'packed', 'eigen'");
}

std::atomic<int>& chosen() {
  static std::atomic<int> backend = [] {
    const char* wanted = std::getenv("TRIGRAD_GEMM");
    return wanted ? parse(wanted) : Packed;
  }();
  return backend;
}

}  // namespace

std::vector<std::string> gemm_backends() { return {std::begin(kNames), std::end(kNames)}; }
std::string_view gemm_backend() { return kNames[chosen().load(std::memory_order_relaxed)]; }
void set_gemm_backend(std::string_view name) { chosen() = parse(name); }

template <class T>
void gemm(const Matrix<T>& x, const Matrix<T>& y, T* z, std::int64_t M, std::int64_t N, std::int64_t K) {
  if (M == 0 || N == 0) return;
  if (K == 0) return void(std::fill_n(z, M * N, T{0}));
  (chosen().load(std::memory_order_relaxed) == Packed ? gemm_packed<T> : gemm_eigen<T>)(x, y, z, M, N, K);
}

template void gemm<float>(const Matrix<float>&, const Matrix<float>&, float*, std::int64_t, std::int64_t, std::int64_t);
template void gemm<double>(const Matrix<double>&, const Matrix<double>&, double*, std::int64_t, std::int64_t, std::int64_t);

}  // namespace trigrad
