// Matrix products by a library that is loaded while the program runs: any CBLAS, or oneDNN. Nothing is linked, so that
// what we ship stays small and its users choose; the harness uses it to find the best that a machine has for each shape.

#include "gemm.hpp"

#include <trigrad/errors.hpp>
#include <trigrad/tensor/pool.hpp>

#if __has_include(<dlfcn.h>)
#include <dlfcn.h>

namespace trigrad {
namespace {

// The C interfaces. CBLAS comes with 32-bit and with 64-bit integers; the wheels of NumPy and SciPy add a prefix.
enum CblasWord : int { kRowMajor = 101, kAsItLies = 111, kTransposed = 112 };
template <class T, class Int>
using Cblas = void (*)(CblasWord order, CblasWord a, CblasWord b, Int M, Int N, Int K, T alpha, const T* A, Int lda, const T* B, Int ldb,
                       T beta, T* C, Int ldc);
using Dnnl = int (*)(char a, char b, std::int64_t M, std::int64_t N, std::int64_t K, float alpha, const float* A, std::int64_t lda,
                     const float* B, std::int64_t ldb, float beta, float* C, std::int64_t ldc);

struct Library {
  Cblas<float, int> sgemm = nullptr;
  Cblas<double, int> dgemm = nullptr;
  Cblas<float, std::int64_t> sgemm64 = nullptr;
  Cblas<double, std::int64_t> dgemm64 = nullptr;
  Dnnl dnnl = nullptr;
};

// A matrix as these libraries take it: rows that lie row_step apart, or the transposed matrix's.
template <class T>
struct Operand {
  Operand(const Matrix<T>& m, std::int64_t rows, std::int64_t columns) : data(m.data) {
    if (m.column_step == 1 && m.row_step >= columns) {
      step = m.row_step;
    } else if (m.row_step == 1 && m.column_step >= rows) {
      transposed = true;
      step = m.column_step;
    } else {  // a view with steps in both directions is copied
      bytes = static_cast<std::size_t>(rows * columns) * sizeof(T);
      copy = static_cast<T*>(pool_take(bytes));
      for (std::int64_t r = 0; r < rows; ++r)
        for (std::int64_t c = 0; c < columns; ++c) copy[r * columns + c] = m.data[r * m.row_step + c * m.column_step];
      data = copy;
      step = columns;
    }
  }
  ~Operand() {
    if (copy) pool_give(copy, bytes);
  }
  Operand(const Operand&) = delete;
  Operand& operator=(const Operand&) = delete;

  const T* data;
  bool transposed = false;
  std::int64_t step = 0;

 private:
  T* copy = nullptr;
  std::size_t bytes = 0;
};

template <class T, class Int>
void call(Cblas<T, Int> multiply, const Operand<T>& x, const Operand<T>& y, T* z, std::int64_t M, std::int64_t N, std::int64_t K) {
  const auto word = [](const Operand<T>& operand) { return operand.transposed ? kTransposed : kAsItLies; };
  multiply(kRowMajor, word(x), word(y), static_cast<Int>(M), static_cast<Int>(N), static_cast<Int>(K), T{1}, x.data,
           static_cast<Int>(x.step), y.data, static_cast<Int>(y.step), T{0}, z, static_cast<Int>(N));
}

void multiply(const Library& library, const Matrix<float>& x, const Matrix<float>& y, float* z, std::int64_t M, std::int64_t N,
              std::int64_t K) {
  const Operand<float> a(x, M, K), b(y, K, N);
  const auto letter = [](const Operand<float>& operand) { return operand.transposed ? 'T' : 'N'; };
  if (library.dnnl) library.dnnl(letter(a), letter(b), M, N, K, 1, a.data, a.step, b.data, b.step, 0, z, N);
  else if (library.sgemm) call(library.sgemm, a, b, z, M, N, K);
  else call(library.sgemm64, a, b, z, M, N, K);
}
void multiply(const Library& library, const Matrix<double>& x, const Matrix<double>& y, double* z, std::int64_t M, std::int64_t N,
              std::int64_t K) {
  const Operand<double> a(x, M, K), b(y, K, N);
  if (library.dgemm) call(library.dgemm, a, b, z, M, N, K);
  else call(library.dgemm64, a, b, z, M, N, K);
}

}  // namespace

GemmBackend library_backend(const std::string& path, const std::string& name) {
  void* const file = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!file) throw ValueError("load_gemm_library: " + std::string(dlerror()));
  Library found;
  const auto look_up = [&](auto& function, const std::string& symbol) {
    if (!function) function = reinterpret_cast<std::remove_reference_t<decltype(function)>>(dlsym(file, symbol.c_str()));
  };
  look_up(found.dnnl, "dnnl_sgemm");
  for (const std::string prefix : {"", "scipy_"}) {
    look_up(found.sgemm, prefix + "cblas_sgemm");
    look_up(found.dgemm, prefix + "cblas_dgemm");
    look_up(found.sgemm64, prefix + "cblas_sgemm64_");
    look_up(found.dgemm64, prefix + "cblas_dgemm64_");
  }
  if (!found.dnnl && !(found.sgemm && found.dgemm) && !(found.sgemm64 && found.dgemm64))
    throw ValueError("load_gemm_library: " + path + " has neither cblas_sgemm and cblas_dgemm nor dnnl_sgemm");
  const auto by_library = [found](const auto& x, const auto& y, auto* z, std::int64_t M, std::int64_t N, std::int64_t K) {
    multiply(found, x, y, z, M, N, K);
  };
  if (found.dnnl) return {name, by_library, packed_backends().front().float64, true};  // oneDNN multiplies no doubles
  return {name, by_library, by_library, true};
}

}  // namespace trigrad

#else

namespace trigrad {
GemmBackend library_backend(const std::string&, const std::string&) { throw ValueError("load_gemm_library: this platform has no dlopen"); }
}  // namespace trigrad

#endif
