// Storage and Cell: what a Tensor handle points to.
//
// A Cell is one tensor and, at the same time, its node in the graph: shape and numbers on one side; op, inputs and
// gradient on the other. Two counts, packed in one word, decide how long each side lives:
//   refs   everybody who points here: handles, and the cells computed from this one
//   holds  those of them who need the numbers: handles, and rules that saved this value
// When holds falls to zero the storage goes, although the node stays; when refs falls to zero the cell goes. A cell
// that saved its own output holds itself without a ref, so there is no cycle to collect.
//
// Few numbers lie in the block of the cell that was made with them: one visit to the pool, and one place in the cache. The
// cell is then one of the storage's refs as long as it lives, and the last of them gives the block back.
//
// Read before: dims.hpp, pool.hpp. Read next: tensor.hpp (the handle), graph.hpp (recording; the sweep is src/backward.cpp).
#pragma once

#include <trigrad/op.hpp>
#include <trigrad/tensor/counting.hpp>
#include <trigrad/tensor/dims.hpp>
#include <trigrad/tensor/dtype.hpp>

#include <algorithm>
#include <bit>
#include <functional>
#include <numeric>
#include <span>
#include <string>
#include <vector>

namespace trigrad {

class Tensor;
struct Cell;
struct OpRow;

// Some numbers, shared by all views of them. `version` counts changes in place.
struct Storage {
  Count<std::uint32_t> refs{1};
  Count<std::uint32_t> version{0};
  std::uint64_t borrowed : 1 = 0;     // a BorrowedStorage
  std::uint64_t inside_cell : 1 = 0;  // of a CellWithNumbers
  std::uint64_t bytes : 62 = 0;
  std::byte* data = nullptr;

  void changed() { version.add(1); }
};
struct BorrowedStorage : Storage {  // somebody else's memory (a NumPy array's)
  void (*release)(void* owner) = nullptr;
  void* owner = nullptr;
};
Storage* new_storage(std::size_t bytes);
Storage* share_memory(void* data, std::size_t bytes, void (*release)(void*), void* owner);

// What few cells have.
struct Extra {
  std::vector<std::pair<std::uint64_t, std::function<Tensor(const Tensor&)>>> hooks;  // by registration number
  std::string call_site;  // kept under detect_anomaly
  Cell* grad = nullptr;   // of an interior tensor, under retain_grad
};

constexpr int kInlineInputs = 3;
constexpr std::uint64_t kRef = 1, kHold = std::uint64_t{1} << 32;

struct Cell {
  Count<std::uint64_t> counts{kRef | kHold};  // low half: refs, high half: holds
  Storage* storage = nullptr;
  std::int64_t offset = 0;  // in elements

  DType dtype = DType::Float32;
  std::uint8_t ndim = 0;
  bool requires_grad : 1 = false;
  bool retain_grad : 1 = false;
  bool weak : 1 = false;        // a Python or C++ number: takes part in promotion by category only
  bool freed : 1 = false;       // backward has been here and let go of what was saved
  bool holds_itself : 1 = false;
  bool contiguous : 1 = false;  // row by row without gaps; set with the extents
  bool with_numbers : 1 = false;  // a CellWithNumbers
  bool fills_storage : 1 = false;  // contiguous, and all of a storage of ours; set with the extents, too
  // A new cell sets all eight bits. To keep one that was left out, the byte would have to be read back just after it was written.
  std::uint8_t inputs_saved : 4 = 0;    // bit k: input k is held for a rule
  std::uint8_t inputs_tracked : 4 = 0;  // bit k: input k required a gradient when this node was recorded; bit 3: one beyond
  std::uint32_t thread = 0;       // who recorded this node

  std::uint64_t created = 0;       // creation number: rises along every path of a graph
  const OpRow* op = nullptr;       // null: a leaf
  std::uint32_t input_count = 0;
  std::uint32_t mark = 0;          // the last traversal that came by
  union {
    Cell* few[kInlineInputs];
    Cell** many;
    Cell* leaf_grad;  // a leaf has no inputs; its gradient takes their place
  } inputs{};
  std::uint32_t saved_version[kInlineInputs + 1]{};  // of the saved inputs' storages, and of the output's
  alignas(8) std::byte attrs[16]{};                  // the op's attributes, or a pointer to them (see attrs_of)

  Cell* slot = nullptr;   // the gradient that is being gathered during a sweep
  Extra* extra = nullptr;

  struct Few {  // up to two dimensions; the size of one that is not there is 1, so that nobody has to count them
    std::int64_t sizes[2]{1, 1}, strides[2];
  };
  union {
    Few few{};  // said here and not of `extents`, for which GCC 12 would leave the ones out
    std::int64_t* many;  // sizes, then strides
  } extents;

  bool is_leaf() const { return op == nullptr; }
  Cell* grad() const { return is_leaf() ? inputs.leaf_grad : extra ? extra->grad : nullptr; }  // ∂loss/∂this, where it is kept
  Cell*& place_for_grad() {
    if (is_leaf()) return inputs.leaf_grad;
    if (!extra) extra = new Extra;
    return extra->grad;
  }
  std::span<Cell*> input_cells() { return {input_count <= kInlineInputs ? inputs.few : inputs.many, input_count}; }
  std::span<Cell* const> input_cells() const { return {input_count <= kInlineInputs ? inputs.few : inputs.many, input_count}; }
  std::span<const std::int64_t> sizes() const { return {ndim <= 2 ? extents.few.sizes : extents.many, ndim}; }
  std::span<const std::int64_t> strides() const { return {ndim <= 2 ? extents.few.strides : extents.many + ndim, ndim}; }
  std::int64_t numel() const {
    if (ndim <= 2) return extents.few.sizes[0] * extents.few.sizes[1];
    return std::accumulate(sizes().begin(), sizes().end(), std::int64_t{1}, std::multiplies());
  }
  void* data() const { return storage->data + offset * static_cast<std::int64_t>(size_of(dtype)); }
};

inline bool same_sizes(const Cell& x, const Cell& y) {
  if (x.ndim != y.ndim) return false;
  if (x.ndim > 2) return std::ranges::equal(x.sizes(), y.sizes());
  return x.extents.few.sizes[0] == y.extents.few.sizes[0] && x.extents.few.sizes[1] == y.extents.few.sizes[1];
}

// visit(k) for every input k that is held for a rule: mostly none.
void for_each_saved(const Cell& node, auto&& visit) {
  for (unsigned saved = node.inputs_saved; saved != 0; saved &= saved - 1) visit(static_cast<std::size_t>(std::countr_zero(saved)));
}

struct CellWithNumbers {  // and behind it the numbers
  Cell cell;
  Storage own;
};
static_assert(sizeof(void*) != 8 || sizeof(CellWithNumbers) + sizeof(double) <= 200);  // a scalar node

Cell* new_cell(DType dtype, const Dims& shape);  // with numbers of its own, row by row; they are not set
Cell* new_cell_like(const Cell& x);                // the same, of x's shape and type
Cell* new_cell(DType dtype, const Dims& shape, const Dims& strides, Storage* storage, std::int64_t offset);
inline void retain(Cell* cell, std::uint64_t counts) { cell->counts.add(counts); }  // kRef, kHold or both
void release(Cell* cell, std::uint64_t counts);   // never recurses, however deep the graph behind it
void release_saved(Cell* cell);                   // lets go of the numbers that rules read
void free_graph(Cell* cell);                      // lets go of the inputs as well; the node is then `freed`

}  // namespace trigrad
