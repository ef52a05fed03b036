// Which backend multiplies.

#include "gemm.hpp"
#include "parallel.hpp"

#include <trigrad/errors.hpp>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <deque>
#include <mutex>

namespace trigrad {
namespace {

// Grows when a library is loaded; its entries stay where they are, since `chosen` points at one.
struct Backends {
  std::mutex mutex;
  std::deque<GemmBackend> all;
  std::atomic<const GemmBackend*> chosen;

  Backends() {
    for (GemmBackend& backend : packed_backends()) all.push_back(std::move(backend));
    all.push_back(eigen_backend());
    const char* wanted = std::getenv("TRIGRAD_GEMM");
    chosen = wanted ? find(wanted) : &all.front();
  }

  const GemmBackend* find(std::string_view name) const {
    std::string known;
    for (const GemmBackend& backend : all) {
      if (backend.name == name) return &backend;
      known += (known.empty() ? "'" : ", '") + backend.name + "'";
    }
    throw ValueError("gemm backend '" + std::string(name) + "' is not one of " + known);
  }
};

Backends& backends() {
  static Backends instance;
  return instance;
}

}  // namespace

std::vector<std::string> gemm_backends() {
  Backends& known = backends();
  const std::lock_guard lock(known.mutex);
  std::vector<std::string> names;
  for (const GemmBackend& backend : known.all) names.push_back(backend.name);
  return names;
}
std::string_view gemm_backend() { return backends().chosen.load(std::memory_order_relaxed)->name; }
void set_gemm_backend(std::string_view name) {
  Backends& known = backends();
  const std::lock_guard lock(known.mutex);
  known.chosen = known.find(name);
}
void load_gemm_library(const std::string& path, const std::string& name) {
  Backends& known = backends();
  const std::lock_guard lock(known.mutex);
  if (std::ranges::any_of(known.all, [&](const GemmBackend& backend) { return backend.name == name; }))
    throw ValueError("load_gemm_library: there is a backend '" + name + "' already");
  known.all.push_back(library_backend(path, name));
}

namespace {
// A product of a few numbers is over before a backend has looked at how they lie.
constexpr std::int64_t kFew = 32;

template <class T>
void multiply_few(const Matrix<T>& x, const Matrix<T>& y, T* z, std::int64_t M, std::int64_t N, std::int64_t K) {
  const T* row = x.data;
  for (std::int64_t i = 0; i < M; ++i, row += x.row_step) {
    const T* column = y.data;
    for (std::int64_t j = 0; j < N; ++j, column += y.column_step) {
      const T *a = row, *b = column;
      T sum = *a * *b;
      for (std::int64_t k = 1; k < K; ++k) sum += *(a += x.column_step) * *(b += y.row_step);
      *z++ = sum;
    }
  }
}
}  // namespace

template <class T>
void gemm(const Matrix<T>& x, const Matrix<T>& y, T* z, std::int64_t M, std::int64_t N, std::int64_t K) {
  if (M == 0 || N == 0) return;
  if (K == 0) return void(std::fill_n(z, M * N, T{0}));
  if (M * N * K <= kFew) return multiply_few(x, y, z, M, N, K);
  const GemmBackend& backend = *backends().chosen.load(std::memory_order_relaxed);
  if constexpr (sizeof(T) == sizeof(float)) backend.float32(x, y, z, M, N, K);
  else backend.float64(x, y, z, M, N, K);
}

namespace {
// Of fewer multiplications each, the second is over before another thread has begun with it. Of more, both threads had better
// share one product, then the other: to meet once more is nothing then, and two different products seldom end together.
constexpr std::int64_t kWorthATask = std::int64_t{1} << 18, kWorthBoth = std::int64_t{1} << 26;
}  // namespace

template <class T>
void gemm_both(const Product<T>& first, const Product<T>& second) {
  const std::int64_t each = first.M * first.N * first.K;
  const bool apart =
      each >= kWorthATask && each < kWorthBoth && free_threads() == 2 && !backends().chosen.load(std::memory_order_relaxed)->has_threads;
  if (apart) return side_by_side([&] { gemm(first); }, [&] { gemm(second); });
  gemm(first);
  gemm(second);
}

template void gemm_both<float>(const Product<float>&, const Product<float>&);
template void gemm_both<double>(const Product<double>&, const Product<double>&);
template void gemm<float>(const Matrix<float>&, const Matrix<float>&, float*, std::int64_t, std::int64_t, std::int64_t);
template void gemm<double>(const Matrix<double>&, const Matrix<double>&, double*, std::int64_t, std::int64_t, std::int64_t);

}  // namespace trigrad
