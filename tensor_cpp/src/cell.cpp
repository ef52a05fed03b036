// Life and death of cells and storages (see cell.hpp).

#include <trigrad/tensor/graph.hpp>
#include <trigrad/tensor/pool.hpp>

#include <algorithm>
#include <new>
#include <utility>

namespace trigrad {
namespace {

constexpr std::size_t kHeader = 64;  // a storage's header, so that the numbers behind it start on a cache line
constexpr std::uint64_t kMostBytes = ~std::uint64_t{0} >> 2;  // what Storage::bytes holds
constexpr std::size_t kFewBytes = 256;  // up to here numbers lie in their cell's block

constexpr std::uint64_t refs(std::uint64_t counts) { return counts & (kHold - 1); }
constexpr std::uint64_t holds(std::uint64_t counts) { return counts >> 32; }

// The block that a cell shares with its numbers; the cell itself is dead already.
[[gnu::always_inline]] inline void give_back_with_cell(Storage* own) {
  const std::size_t bytes = own->bytes;
  auto* const block = reinterpret_cast<std::byte*>(own) - offsetof(CellWithNumbers, own);
  own->~Storage();
  pool_give(block, sizeof(CellWithNumbers) + bytes);
}

void give_back(Storage* storage) {
  const std::size_t bytes = storage->bytes;
  if (storage->inside_cell) {
    give_back_with_cell(storage);
  } else if (storage->borrowed) {
    auto* borrowed = static_cast<BorrowedStorage*>(storage);
    borrowed->release(borrowed->owner);
    borrowed->~BorrowedStorage();
    pool_give(borrowed, sizeof(BorrowedStorage));
  } else {
    storage->~Storage();
    pool_give(storage, kHeader + bytes);
  }
}

// Takes so many owners off. The last one need not count down: nobody is left to race with.
bool is_last(Storage* storage, std::uint32_t refs = 1) { return storage->refs.get() == refs || storage->refs.take(refs) == 0; }

void drop(Storage* storage) {
  if (is_last(storage)) give_back(storage);
}

// For the last hold of a cell that lives on. Atomic, because the owner of a graph and a thread that drops one of its handles
// may both find that nobody holds the numbers any more.
void drop_storage(Cell* cell) {
  Storage* const storage = nobody_interferes() ? std::exchange(cell->storage, nullptr)
                                               : std::atomic_ref(cell->storage).exchange(nullptr, std::memory_order_acq_rel);
  if (storage) drop(storage);
}

// Cells whose last ref is gone, linked through `created`, which the dead need no more.
struct Graveyard {
  Cell* first = nullptr;
  bool burying = false;
};
TRIGRAD_NEAR constinit thread_local Graveyard graveyard;

void let_go_of_inputs(Cell* cell) {
  const auto inputs = cell->input_cells();
  for (std::size_t k = 0; k < inputs.size(); ++k)
    if (inputs[k]) {
      const bool saved = k < kInlineInputs && (cell->inputs_saved >> k & 1);
      release(inputs[k], saved ? kRef | kHold : kRef);
    }
  if (cell->input_count > kInlineInputs) pool_give(cell->inputs.many, cell->input_count * sizeof(Cell*));
  cell->input_count = 0;
  cell->inputs_saved = 0;
  if (cell->op && cell->op->attrs_bytes > 0) {
    const bool inside = cell->op->attrs_bytes <= sizeof(cell->attrs);
    void* attrs = inside ? cell->attrs : *reinterpret_cast<void**>(cell->attrs);
    if (cell->op->destroy_attrs) cell->op->destroy_attrs(attrs);
    if (!inside) pool_give(attrs, cell->op->attrs_bytes);
  }
}

void bury(Cell* cell) {
  if (!cell->is_leaf() && !cell->freed) let_go_of_inputs(cell);
  if (Cell* grad = cell->grad()) release(grad, kRef | kHold);
  if (cell->slot) release(cell->slot, kRef | kHold);
  delete cell->extra;
  if (cell->ndim > 2) pool_give(cell->extents.many, 2 * cell->ndim * sizeof(std::int64_t));
  Storage* const storage = cell->storage;
  if (cell->with_numbers) {
    Storage* const own = &reinterpret_cast<CellWithNumbers*>(cell)->own;
    cell->~Cell();
    if (is_last(own, storage ? 2 : 1)) give_back_with_cell(own);
  } else {
    if (storage) drop(storage);
    cell->~Cell();
    pool_give(cell, sizeof(Cell));
  }
}

// Emptied in a loop: a chain of ten million cells dies without recursion.
void destroy(Cell* cell) {
  if (graveyard.burying) {
    cell->created = reinterpret_cast<std::uintptr_t>(graveyard.first);
    graveyard.first = cell;
    return;
  }
  graveyard.burying = true;
  bury(cell);
  while (Cell* const next = graveyard.first) {
    graveyard.first = reinterpret_cast<Cell*>(static_cast<std::uintptr_t>(next->created));
    bury(next);
  }
  graveyard.burying = false;
}

}  // namespace

Storage* new_storage(std::size_t bytes) {
  auto* block = static_cast<std::byte*>(pool_take(kHeader + bytes));
  return new (block) Storage{.bytes = bytes & kMostBytes, .data = block + kHeader};
}

Storage* share_memory(void* data, std::size_t bytes, void (*release)(void*), void* owner) {
  auto* storage = new (pool_take(sizeof(BorrowedStorage))) BorrowedStorage;
  storage->borrowed = true;
  storage->bytes = bytes & kMostBytes;
  storage->data = static_cast<std::byte*>(data);
  storage->release = release;
  storage->owner = owner;
  return storage;
}

namespace {
[[gnu::always_inline]] inline Cell* cell_with_room_for(std::int64_t numbers, DType dtype) {
  const std::size_t bytes = static_cast<std::size_t>(numbers) * size_of(dtype);
  const bool few = bytes <= kFewBytes;
  Storage* const apart = few ? nullptr : new_storage(bytes);  // first: it is what may fail, and then nothing is left behind
  auto* const cell = new (pool_take(few ? sizeof(CellWithNumbers) + bytes : sizeof(Cell))) Cell;
  if (few) {
    auto* const both = reinterpret_cast<CellWithNumbers*>(cell);
    cell->with_numbers = true;
    cell->storage = new (&both->own)
        Storage{.refs = 2, .inside_cell = true, .bytes = bytes & kMostBytes, .data = reinterpret_cast<std::byte*>(both + 1)};
  } else {
    cell->storage = apart;
  }
  cell->dtype = dtype;
  return cell;
}

// Up to two dimensions. What is not there counts as 1, in `rows` and `columns` too.
[[gnu::always_inline]] inline Cell* new_matrix(DType dtype, int ndim, std::int64_t rows, std::int64_t columns) {
  Cell* const cell = cell_with_room_for(rows * columns, dtype);
  cell->ndim = static_cast<std::uint8_t>(ndim);
  cell->extents.few = {{rows, columns}, {std::max<std::int64_t>(columns, 1), 1}};
  cell->contiguous = cell->fills_storage = true;
  if (capture::recording()) capture::born(cell);
  return cell;
}

void set_extents(Cell& cell, const Dims& shape, const Dims& strides) {
  const int ndim = shape.size();
  cell.ndim = static_cast<std::uint8_t>(ndim);
  if (ndim > 2) cell.extents.many = static_cast<std::int64_t*>(pool_take(static_cast<std::size_t>(2 * ndim) * sizeof(std::int64_t)));
  std::int64_t* const sizes = ndim > 2 ? cell.extents.many : cell.extents.few.sizes;
  std::int64_t* const steps = ndim > 2 ? cell.extents.many + ndim : cell.extents.few.strides;
  std::int64_t expected = 1;
  bool gapless = true;
  for (int k = ndim - 1; k >= 0; --k) {
    sizes[k] = shape[k];
    steps[k] = strides[k];
    gapless &= shape[k] == 1 || strides[k] == expected;
    expected *= shape[k];
  }
  cell.contiguous = gapless || expected == 0;
  const auto bytes = static_cast<std::uint64_t>(expected) * size_of(cell.dtype);
  cell.fills_storage = cell.contiguous && !cell.storage->borrowed && bytes == cell.storage->bytes;
}
}  // namespace

Cell* new_cell(DType dtype, const Dims& shape) {
  const int ndim = shape.size();
  double bytes = static_cast<double>(size_of(dtype));  // a double does not wrap
  for (const auto size : shape) bytes *= static_cast<double>(size);
  if (bytes > kMostPooled) throw OutOfMemory(bytes, "a tensor of shape " + to_string(shape));
  if (ndim <= 2) return new_matrix(dtype, ndim, ndim > 0 ? shape[0] : 1, ndim > 1 ? shape[1] : 1);
  Cell* const cell = cell_with_room_for(shape.product(), dtype);
  set_extents(*cell, shape, contiguous_strides(shape));
  if (capture::recording()) capture::born(cell);
  return cell;
}

Cell* new_cell_like(const Cell& x) {
  if (x.ndim > 2) return new_cell(x.dtype, Dims(x.sizes()));
  return new_matrix(x.dtype, x.ndim, x.extents.few.sizes[0], x.extents.few.sizes[1]);
}

Cell* new_cell(DType dtype, const Dims& shape, const Dims& strides, Storage* storage, std::int64_t offset) {
  auto* cell = new (pool_take(sizeof(Cell))) Cell;
  cell->dtype = dtype;
  cell->storage = storage;
  cell->offset = offset;
  set_extents(*cell, shape, strides);
  if (capture::recording()) capture::born(cell);
  return cell;
}

namespace {
// Other threads may point to the cell as well. Who takes the last hold drops the storage, and keeps his ref until he has:
// without it the cell may die meanwhile.
TRIGRAD_COLD void release_shared(Cell* cell, std::uint64_t counts) {
  std::uint64_t before = cell->counts.get();
  do {
    if (counts != kRef && holds(before) == 1 && refs(before) > refs(counts)) {
      if (holds(cell->counts.take(kHold)) == 0) drop_storage(cell);
      if (counts != kHold) release(cell, kRef);
      return;
    }
  } while (!cell->counts.replace(before, before - counts));
  if (refs(before) == refs(counts)) destroy(cell);
}
}  // namespace

void release(Cell* cell, std::uint64_t counts) {
  if (cell->counts.get() == counts) return destroy(cell);  // the only one who points here: nobody is left to race with
  if (!nobody_interferes()) return release_shared(cell, counts);
  const std::uint64_t left = cell->counts.take(counts);
  if (refs(left) == 0) destroy(cell);
  else if (holds(left) == 0 && cell->storage) drop_storage(cell);
}

namespace {
void let_go_of_output(Cell* cell) {
  if (!cell->holds_itself) return;
  cell->holds_itself = false;
  // A hold without a ref: whoever calls keeps the node itself alive.
  if (holds(cell->counts.take(kHold)) == 0) drop_storage(cell);
}
}  // namespace

void release_saved(Cell* cell) {
  for_each_saved(*cell, [cell](std::size_t k) { release(cell->input_cells()[k], kHold); });
  cell->inputs_saved = 0;
  let_go_of_output(cell);
}

void free_graph(Cell* cell) {
  if (cell->freed) return;
  let_go_of_output(cell);
  let_go_of_inputs(cell);
  cell->freed = true;
}

}  // namespace trigrad
