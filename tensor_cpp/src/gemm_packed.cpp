// Matrix products written for reading: register tiles over packed panels.
//
//   z (M, N) = x (M, K) · y (K, N)
//
//   tile    kRows x 2 vectors of z, kept in registers while k runs: each number of x and each vector of y that is loaded
//           takes part in 2 or kRows multiplications, so the arithmetic units and not the loads set the pace
//   panel   the columns of y that a tile needs, their rows one behind the other. A row of a large y lies a page away from
//           the next, and rows a power of two apart share a few places of the cache: both cost more than the copy
//   strip   the rows of x that a tile needs
//
// Training multiplies a few rows, the batch, with a large weight W (N, K), whose bytes must be read (or written) once and
// in order. Three products, batch B (docs/decisions/0014 has what each step brings):
//
//   x · Wᵀ      as (W · xᵀ)ᵀ: the small xᵀ is packed, and strips of W are read as they lie
//   g · W       a few strips, many panels: the first strip reads W itself and leaves the panel behind for the others
//   gᵀ · x      K = B is short, z is large: all of x is packed, then strip after strip of z is written
//
// Only `multiply_on_...` below is compiled for more than the baseline, once for each instruction set; which of them runs is
// decided when the program runs. The vectors are GCC's and Clang's own types. Two options are for this file alone:
// -ffp-contract=fast makes a product and its sum one rounding, and -falign-loops=64 lets the loop over k begin a cache line:
// the same instructions, laid elsewhere by an unrelated change, have taken visibly longer on a processor with AVX2.

#include "gemm.hpp"
#include "parallel.hpp"

#include <trigrad/tensor/pool.hpp>

#include <algorithm>
#include <cstring>

#if defined(__GNUC__)

namespace trigrad {
namespace {

template <class T>
struct Output {
  T* data;
  std::int64_t row_step, column_step;
  bool add = false;  // z += instead of z =, from the second slice of k on

  Output at(std::int64_t row, std::int64_t column) const {
    Output moved = *this;
    moved.data += row * row_step + column * column_step;
    return moved;
  }
};

// What one call of a kernel does: all of x times all of y.
template <class T>
struct Job {
  Matrix<T> x;  // (M, depth)
  std::int64_t M, depth;
  const T* y;                       // (depth, N) as panels
  std::int64_t panel_step, y_step;  // from panel to panel, from row to row; y_step is not 0: a tile ends behind its last row
  std::int64_t N;
  T* copy;  // where the first strip leaves the only panel for the others, or null
  Output<T> z;
  bool asks_for_z = false;  // see kAhead
};

template <class T, int kBytes>
struct VectorOf {
  typedef T type __attribute__((vector_size(kBytes)));
};

// A call of memcpy for each row of a panel or strip would take longer than the bytes do.
template <class T>
[[gnu::always_inline]] inline void copy_row(const T* from, T* to, std::int64_t count) {
  std::int64_t k = 0;
  for (; k + 4 <= count; k += 4) std::memcpy(to + k, from + k, 4 * sizeof(T));
  for (; k < count; ++k) to[k] = from[k];
}

// to (4, 4) = or += fromᵀ, both by rows that lie a step apart: four times as fast as number by number.
template <class T>
[[gnu::always_inline]] inline void transpose_four(const T* from, std::int64_t from_step, T* to, std::int64_t to_step, bool add) {
  using Four = typename VectorOf<T, 4 * sizeof(T)>::type;
  Four row[4];
  for (int r = 0; r < 4; ++r) std::memcpy(&row[r], from + r * from_step, sizeof(Four));
  const Four low01 = __builtin_shufflevector(row[0], row[1], 0, 4, 1, 5), high01 = __builtin_shufflevector(row[0], row[1], 2, 6, 3, 7);
  const Four low23 = __builtin_shufflevector(row[2], row[3], 0, 4, 1, 5), high23 = __builtin_shufflevector(row[2], row[3], 2, 6, 3, 7);
  Four column[4] = {__builtin_shufflevector(low01, low23, 0, 1, 4, 5), __builtin_shufflevector(low01, low23, 2, 3, 6, 7),
                    __builtin_shufflevector(high01, high23, 0, 1, 4, 5), __builtin_shufflevector(high01, high23, 2, 3, 6, 7)};
  for (int c = 0; c < 4; ++c) {
    if (add) {
      Four before;
      std::memcpy(&before, to + c * to_step, sizeof(Four));
      column[c] += before;
    }
    std::memcpy(to + c * to_step, &column[c], sizeof(Four));
  }
}

// Weights and their gradients come from a far cache, so a tile asks early for what is needed soon, a little at each step of
// k: the strip of x that comes next, or, while the strips behind the first work on a panel at hand, the next panel, each
// half of its rows; where it reads y itself, the row so many further on; and the place in z that it will write. The
// processor does not foresee long steps.
constexpr std::int64_t kAhead = 48;
constexpr std::int64_t kNear = 64 << 10;  // bytes: a product of fewer does without, it would only take longer

// Rows [row, row + kRows) of x times a panel of y, for `columns` columns of z from `column` on.
template <int kRows, int kVectors, bool kCopy, bool kFar, class Vector, class T>
[[gnu::always_inline]] inline void multiply_tile(const Job<T>& job, std::int64_t row, const T* panel, std::int64_t y_step,
                                                 std::int64_t column, std::int64_t columns) {
  constexpr int kLanes = sizeof(Vector) / sizeof(T), kWidth = kVectors * kLanes;
  const Matrix<T>& x = job.x;
  const Output<T>& z = job.z;
  const T* a = x.data + row * x.row_step;
  T* copy = job.copy;
  T* const corner = z.data + row * z.row_step + column * z.column_step;
  if (job.asks_for_z && z.column_step == 1)
    for (int r = 0; r < kRows; ++r)
      for (int v = 0; v < kVectors; ++v) __builtin_prefetch(corner + r * z.row_step + v * kLanes, 1);
  const std::int64_t x_step = kFar ? 1 : x.column_step;
  const T* soon = job.copy ? job.y + kWidth + row / kRows % 2 * kLanes : a + kRows * x.row_step;
  const std::int64_t soon_step = job.copy ? job.y_step : kRows;
  const T* ahead = panel + kAhead * y_step;
  Vector sums[kRows][kVectors] = {};
  const T* const end = panel + job.depth * y_step;
  for (const T* row_of_y = panel; row_of_y != end; a += x_step, row_of_y += y_step, soon += soon_step) {
    if constexpr (kFar) __builtin_prefetch(soon);
    Vector b[kVectors];
    for (int v = 0; v < kVectors; ++v) std::memcpy(&b[v], row_of_y + v * kLanes, sizeof(Vector));
    if constexpr (kCopy) {
      for (int v = 0; v < kVectors; ++v) {
        if constexpr (kFar) __builtin_prefetch(ahead + v * kLanes, 0, 2);
        std::memcpy(copy + v * kLanes, &b[v], sizeof(Vector));
      }
      copy += kWidth;
      ahead = ahead + y_step == end ? job.y + kWidth : ahead + y_step;  // then of the next panel
    }
    for (int r = 0; r < kRows; ++r)
      for (int v = 0; v < kVectors; ++v) sums[r][v] += a[r * x.row_step] * b[v];
  }
  if (columns == kWidth && z.column_step == 1) {
    if (z.add)
      for (int r = 0; r < kRows; ++r)
        for (int v = 0; v < kVectors; ++v) {
          Vector before;
          std::memcpy(&before, corner + r * z.row_step + v * kLanes, sizeof(before));
          sums[r][v] += before;
        }
    for (int r = 0; r < kRows; ++r)
      for (int v = 0; v < kVectors; ++v) {
        const Vector sum = sums[r][v];
        std::memcpy(corner + r * z.row_step + v * kLanes, &sum, sizeof(sum));
      }
    return;
  }
  T numbers[kRows][kWidth];
  std::memcpy(numbers, sums, sizeof(numbers));
  if constexpr (kRows % 4 == 0 && kWidth % 4 == 0)
    if (columns == kWidth && z.row_step == 1) {
      for (int r = 0; r < kRows; r += 4)
        for (int c = 0; c < kWidth; c += 4) transpose_four(&numbers[r][c], kWidth, corner + r + c * z.column_step, z.column_step, z.add);
      return;
    }
  for (std::int64_t c = 0; c < columns; ++c)
    for (int r = 0; r < kRows; ++r) {
      T& to = corner[r * z.row_step + c * z.column_step];
      to = z.add ? to + numbers[r][c] : numbers[r][c];
    }
}

// From `row` on: strips of kRows rows, and the rest in strips of half as many.
template <int kRows, bool kFar, class Vector, class T>
[[gnu::always_inline]] inline void multiply_from(const Job<T>& job, std::int64_t row) {
  constexpr std::int64_t kLanes = sizeof(Vector) / sizeof(T), kWidth = 2 * kLanes;
  if (job.copy && row == 0 && job.M >= kRows) {
    multiply_tile<kRows, 2, true, kFar, Vector>(job, 0, job.y, job.y_step, 0, kWidth);
    row = kRows;
  }
  const T* const y = job.copy ? job.copy : job.y;
  const std::int64_t y_step = job.copy ? kWidth : job.y_step;
  for (; row + kRows <= job.M; row += kRows) {
    std::int64_t column = 0;
    const T* panel = y;
    for (; column + kLanes < job.N; column += kWidth, panel += job.panel_step)
      multiply_tile<kRows, 2, false, kFar, Vector>(job, row, panel, y_step, column, std::min(kWidth, job.N - column));
    if (column < job.N) multiply_tile<kRows, 1, false, kFar, Vector>(job, row, panel, y_step, column, job.N - column);
  }
  if constexpr (kRows > 1)
    if (row < job.M) multiply_from<kRows / 2, kFar, Vector>(job, row);
}

// A tile's sums take half of the registers (there are 32 of 64 bytes, 16 of 32 bytes, 16 of 16 bytes); the rest holds what
// is loaded.
template <class T>
struct Kernel {
  std::int64_t rows, width;
  void (*multiply)(const Job<T>&);
  void (*multiply_far)(const Job<T>&);  // asks early for what it reads; rows of x lie as rows
};
template <bool kFar, class T>
void multiply_on_baseline(const Job<T>& job) {
  multiply_from<4, kFar, typename VectorOf<T, 16>::type>(job, 0);
}
#if defined(__x86_64__)
template <bool kFar, class T>
__attribute__((target("avx2,fma"))) void multiply_on_avx2(const Job<T>& job) {
  multiply_from<4, kFar, typename VectorOf<T, 32>::type>(job, 0);
}
template <bool kFar, class T>
__attribute__((target("avx512f"))) void multiply_on_avx512(const Job<T>& job) {
  multiply_from<8, kFar, typename VectorOf<T, 64>::type>(job, 0);
}
#endif

enum class Set { Baseline, Avx2, Avx512 };  // of instructions

Set best_set() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return Set::Avx512;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return Set::Avx2;
#endif
  return Set::Baseline;
}

// Whether a tile should ask for its place in z: AMD's processors gain by it, Intel's lose (docs/decisions/0014).
bool asks_for_z() {
#if defined(__x86_64__)
  return !__builtin_cpu_is("intel");
#else
  return true;
#endif
}

template <class T>
Kernel<T> kernel_for(Set set) {
#if defined(__x86_64__)
  if (set == Set::Avx512) return {8, 128 / sizeof(T), multiply_on_avx512<false, T>, multiply_on_avx512<true, T>};
  if (set == Set::Avx2) return {4, 64 / sizeof(T), multiply_on_avx2<false, T>, multiply_on_avx2<true, T>};
#endif
  return {4, 32 / sizeof(T), multiply_on_baseline<false, T>, multiply_on_baseline<true, T>};
}

constexpr std::int64_t kBlockBytes = 256 << 10;  // of y, packed at a time: half of a second-level cache at the least
constexpr std::int64_t kBlockColumns = 1024;
constexpr std::int64_t kPad = 16;        // panels a power of two apart would share a few places of the cache
constexpr std::int64_t kFewRows = 64;    // so many strips that a panel is in the first-level cache for all of them
constexpr std::int64_t kFewDepth = 128;  // as then a panel takes half of it

// How a product z (M, N) is cut into blocks of y. All threads cut alike, since a sum's rounding shows where it was cut.
template <class T>
struct Blocks {
  bool few;  // few rows: panels outside, strips inside
  std::int64_t columns, depth;

  Blocks(const Kernel<T>& kernel, const Matrix<T>& y, std::int64_t M, std::int64_t N)
      : few(M <= kFewRows && y.column_step == 1),
        columns(few ? N : std::min(kBlockColumns, (N + kernel.width - 1) / kernel.width * kernel.width)),
        depth(few ? kFewDepth : kBlockBytes / static_cast<std::int64_t>(sizeof(T)) / columns) {}

  // Numbers of scratch: a packed block (for few rows, a panel), and a packed strip.
  std::int64_t panels_length(const Kernel<T>& kernel) const {
    const std::int64_t panels = few ? 1 : (columns + kernel.width - 1) / kernel.width;
    return panels * (depth * kernel.width + kPad);
  }
  std::int64_t length(const Kernel<T>& kernel) const { return panels_length(kernel) + depth * kernel.rows; }
};

// A product, or a thread's part of one.
template <class T>
struct Multiplication {
  const Kernel<T>& kernel;
  const Blocks<T>& blocks;
  T* scratch;
  bool is_far;

  void multiply(Job<T> job) const {
    job.asks_for_z = is_far && asks_for_z();
    (is_far && job.x.column_step == 1 ? kernel.multiply_far : kernel.multiply)(job);
  }

  // y (depth, columns) as panels of kernel.width columns, the missing columns as zeros; a row of y at a time, as it lies.
  void pack(const Matrix<T>& y, std::int64_t depth, std::int64_t columns, T* panels) const {
    const std::int64_t width = kernel.width, panel_step = depth * width + kPad;
    if (columns % width != 0) std::fill_n(panels + columns / width * panel_step, depth * width, T{0});
    if (y.column_step == 1) {
      for (std::int64_t k = 0; k < depth; ++k) {
        const T* const from = y.data + k * y.row_step;
        T* to = panels + k * width;
        for (std::int64_t c = 0; c < columns; c += width, to += panel_step) copy_row(from + c, to, std::min(width, columns - c));
      }
      return;
    }
    for (std::int64_t c = 0; c < columns; c += 4) {
      const T* const from = y.data + c * y.column_step;
      T* const to = panels + c / width * panel_step + c % width;
      const std::int64_t beside = std::min<std::int64_t>(4, columns - c);
      std::int64_t k = 0;
      if (y.row_step == 1 && beside == 4)
        for (; k + 4 <= depth; k += 4) transpose_four(from + k, y.column_step, to + k * width, width, false);
      for (; k < depth; ++k)
        for (std::int64_t j = 0; j < beside; ++j) to[k * width + j] = from[k * y.row_step + j * y.column_step];
    }
  }

  // A few rows of x: panel after panel of y, which the first strip leaves behind for the others.
  void few_rows(const Matrix<T>& x, const Matrix<T>& y, const Output<T>& z, std::int64_t M, std::int64_t N, std::int64_t depth) const {
    for (std::int64_t column = 0; column < N; column += kernel.width) {
      const std::int64_t columns = std::min(kernel.width, N - column);
      const Output<T> to = z.at(0, column);
      if (columns % (kernel.width / 2) == 0 && y.row_step != 0) {
        T* const copy = columns == kernel.width && M >= 2 * kernel.rows ? scratch : nullptr;
        multiply({x, M, depth, y.data + column, 0, y.row_step, columns, copy, to});
      } else {
        pack({y.data + column, y.row_step, 1}, depth, columns, scratch);
        multiply({x, M, depth, scratch, 0, kernel.width, columns, nullptr, to});
      }
    }
  }

  // Many rows of x: the block of y is packed, then z is made strip by strip.
  void many_rows(const Matrix<T>& x, const Matrix<T>& y, const Output<T>& z, std::int64_t M, std::int64_t N, std::int64_t depth) const {
    const std::int64_t width = kernel.width, panel_step = depth * width + kPad;
    pack(y, depth, N, scratch);
    if (x.column_step == 1 || N <= width) return multiply({x, M, depth, scratch, panel_step, width, N, nullptr, z});
    T* const strip = scratch + blocks.panels_length(kernel);  // it is read for every panel
    for (std::int64_t row = 0; row < M; row += kernel.rows) {
      const std::int64_t rows = std::min(kernel.rows, M - row);
      const T* from = x.data + row * x.row_step;
      for (std::int64_t k = 0; k < depth; ++k, from += x.column_step)
        if (x.row_step == 1) copy_row(from, strip + k * rows, rows);
        else
          for (std::int64_t r = 0; r < rows; ++r) strip[k * rows + r] = from[r * x.row_step];
      multiply({{strip, 1, rows}, rows, depth, scratch, panel_step, width, N, nullptr, z.at(row, 0)});
    }
  }

  void operator()(const Matrix<T>& x, const Matrix<T>& y, const Output<T>& z, std::int64_t M, std::int64_t N, std::int64_t K) const {
    for (std::int64_t k = 0; k < K; k += blocks.depth)
      for (std::int64_t column = 0; column < N; column += blocks.columns) {
        const Matrix<T> x_slice{x.data + k * x.column_step, x.row_step, x.column_step};
        const Matrix<T> block{y.data + k * y.row_step + column * y.column_step, y.row_step, y.column_step};
        Output<T> to = z.at(0, column);
        to.add = k > 0;
        const std::int64_t depth = std::min(blocks.depth, K - k), columns = std::min(blocks.columns, N - column);
        if (blocks.few) few_rows(x_slice, block, to, M, columns, depth);
        else many_rows(x_slice, block, to, M, columns, depth);
      }
  }
};

// Below this many multiplications a second thread costs more than it brings (a wake-up takes several microseconds).
constexpr std::int64_t kWorthAThread = std::int64_t{1} << 20;

// The longer side of z is cut between the threads. No sum is cut, so the bits do not depend on how many there are.
template <class T>
void share_out(const Kernel<T>& kernel, const Matrix<T>& x, const Matrix<T>& y, const Output<T>& z, std::int64_t M, std::int64_t N,
               std::int64_t K) {
  const auto worth = static_cast<int>(std::min<std::int64_t>(M * N * K / kWorthAThread + 1, free_threads()));
  const Blocks<T> blocks(kernel, y, M, N);
  const auto length = static_cast<std::size_t>(blocks.length(kernel)), bytes = sizeof(T) * length * static_cast<std::size_t>(worth);
  T* const scratch = static_cast<T*>(pool_take(bytes));
  const bool is_far = (M * N + N * K + K * M) * static_cast<std::int64_t>(sizeof(T)) > kNear;
  const auto on_part = [&](int part) {
    return Multiplication<T>{kernel, blocks, scratch + length * static_cast<std::size_t>(part), is_far};
  };
  if (M >= N)
    parallel_for(M, kernel.rows, worth, [&](std::int64_t first, std::int64_t last, int part) {
      on_part(part)({x.data + first * x.row_step, x.row_step, x.column_step}, y, z.at(first, 0), last - first, N, K);
    });
  else
    parallel_for(N, kernel.width, worth, [&](std::int64_t first, std::int64_t last, int part) {
      on_part(part)(x, {y.data + first * y.column_step, y.row_step, y.column_step}, z.at(0, first), M, last - first, K);
    });
  pool_give(scratch, bytes);
}

template <class T>
void gemm_packed(const Kernel<T>& kernel, const Matrix<T>& x, const Matrix<T>& y, T* z, std::int64_t M, std::int64_t N, std::int64_t K) {
  // Numbers that are moved one by one, as neither side lies as a panel or a strip does, and those of a transposed z.
  const bool narrow = N < kernel.width / 2;  // panels are filled up with zeros
  const std::int64_t as_it_is = y.column_step == 1 && !narrow ? 0 : K * N;
  const std::int64_t as_transposed = (x.row_step == 1 ? 0 : K * M) + M * N / 2;
  if (as_it_is <= as_transposed) share_out<T>(kernel, x, y, {z, N, 1}, M, N, K);
  else share_out<T>(kernel, y.transposed(), x.transposed(), {z, 1, N}, N, M, K);
}

template <Set set, class T>
void gemm_on(const Matrix<T>& x, const Matrix<T>& y, T* z, std::int64_t M, std::int64_t N, std::int64_t K) {
  static const Kernel<T> kernel = kernel_for<T>(set);
  gemm_packed<T>(kernel, x, y, z, M, N, K);
}

}  // namespace

std::vector<GemmBackend> packed_backends() {
  std::vector<GemmBackend> found{{"packed_baseline", gemm_on<Set::Baseline, float>, gemm_on<Set::Baseline, double>}};
  if (best_set() >= Set::Avx2) found.push_back({"packed_avx2", gemm_on<Set::Avx2, float>, gemm_on<Set::Avx2, double>});
  if (best_set() >= Set::Avx512) found.push_back({"packed_avx512", gemm_on<Set::Avx512, float>, gemm_on<Set::Avx512, double>});
  std::ranges::reverse(found);
  found.front().name = "packed";
  return found;
}

}  // namespace trigrad

#else  // no vector types: Eigen does the work

namespace trigrad {
std::vector<GemmBackend> packed_backends() {
  GemmBackend instead = eigen_backend();
  instead.name = "packed";
  return {instead};
}
}  // namespace trigrad

#endif
