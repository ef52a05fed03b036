// A node of the tape: one operation, with its local derivatives as numbers, computed when it was recorded.
//
//   z = f(x, y)       {a: x, b: y, da: ∂f/∂x, db: ∂f/∂y}   adjoint[x] += da · adjoint[z], the same for y
//   z = x + y         {a: y, c: x}                         both derivatives are 1, and not written
//   z = f(x) + c      {a: x, c: c, da: ∂f/∂x}              c is always a parent whose derivative is 1
//   z = w · x + c     {a: w, b: x, c: c, da: x, db: w}
//   z = Σ pₖ xₖ       {a: first term, b: number of terms}  the pairs (xₖ, pₖ) lie in a second array
//
// Id 0 is "nothing" (a constant): what flows into adjoint[0] is never read.
//
// Read next: sweep.hpp.
#pragma once

#include <trigrad/elementwise.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace trigrad {

using NodeId = std::uint32_t;

// What a node does. Ops of the list are numbered from 1 in the list's order; others have codes that no op has.
using OpCode = std::uint32_t;
constexpr OpCode kLeaf = 0, kMulAdd = 0x1000, kSum = 0x1001, kFreed = 0x1002, kForeignOp = 0x1003;
template <class Op>
constexpr OpCode op_code = ElementwiseOps::contains<Op> ? static_cast<OpCode>(ElementwiseOps::index<Op>) + 1 : kForeignOp;

struct Node {
  NodeId a, b, c;
  OpCode op;
  double da, db;
};
static_assert(sizeof(Node) == 32);

// Asks for what lies so many further on, which need not exist. A tape is written and read in order, and a processor fetches
// ahead what is; but some stop at the end of a page, every 128 nodes. Additions, which hold no derivatives, do not
// ask: in most programs every second node does, and two nodes share a line of the cache.
constexpr std::ptrdiff_t kNodesAhead = 4096 / static_cast<std::ptrdiff_t>(sizeof(Node));
template <class T>
[[gnu::always_inline]] inline void ask_for(const T* here, std::ptrdiff_t ahead) {
#if defined(__GNUC__)
  const auto address = reinterpret_cast<std::uintptr_t>(here) + static_cast<std::uintptr_t>(ahead) * sizeof(T);
  __builtin_prefetch(reinterpret_cast<const void*>(address));
#endif
}

// {a, b} and {c, op}: two numbers that are written and read as one. A processor does two or three reads and writes at a
// time, and a tape is little else: a tenth faster so than field by field.
[[gnu::always_inline]] inline std::uint64_t in_one(std::uint32_t first, std::uint32_t second) {
  if constexpr (std::endian::native == std::endian::little) return first | std::uint64_t{second} << 32;
  else return std::uint64_t{first} << 32 | second;
}
[[gnu::always_inline]] inline void write_parents(Node* to, NodeId a, NodeId b, NodeId c, OpCode op) {
  const std::uint64_t halves[] = {in_one(a, b), in_one(c, op)};
  std::memcpy(static_cast<void*>(to), halves, sizeof(halves));
}
enum class Half : std::size_t { AB = 0, COp = 8 };  // where it begins
[[gnu::always_inline]] inline std::uint64_t read_half(const Node& n, Half half) {
  std::uint64_t both;
  std::memcpy(&both, reinterpret_cast<const char*>(&n) + static_cast<std::size_t>(half), sizeof(both));
  return both;
}
[[gnu::always_inline]] inline void write_node(Node* to, NodeId a, NodeId b, NodeId c, OpCode op, double da, double db) {
  ask_for(to, kNodesAhead);
  write_parents(to, a, b, c, op);
  to->da = da;
  to->db = db;
}

struct Term {
  double partial;
  NodeId id;
  std::uint32_t owner = 0;  // came with the id; nobody asks, but the two are written at once
};

}  // namespace trigrad
