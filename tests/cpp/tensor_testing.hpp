// What the tests of the tensor engine share: short words for tensors, exact comparison, threads with a chosen stack.
#pragma once

#include <trigrad/tensor/graph.hpp>
#include <trigrad/tensor/ops.hpp>

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/mman.h>

#include <cstring>
#include <exception>
#include <functional>
#include <string>
#include <vector>

namespace trigrad::testing {

// Sanitizers slow code down five to twenty times and keep freed memory; tests that are about size then use a smaller one.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif
template <class T>
constexpr T sized(T usual, T sanitized) {
  return kSanitized ? sanitized : usual;
}

constexpr Order kOrders[] = {Order::Tape, Order::Stack, Order::Recursive};
inline const char* name_of(Order order) { return order == Order::Tape ? "tape" : order == Order::Stack ? "stack" : "recursive"; }

inline Tensor leaf(std::initializer_list<double> values, const Dims& shape, DType dtype = DType::Float64) {
  return tensor(values, shape, dtype).set_requires_grad();
}
inline Tensor leaf(double value) { return leaf({value}, {}); }

// The numbers of a tensor in row-major order, whatever its strides and type.
inline std::vector<double> numbers(const Tensor& x) {
  const Tensor flat = contiguous_data(to_dtype(x.detach(), DType::Float64));
  return {flat.data<double>(), flat.data<double>() + flat.numel()};
}

inline bool same_bits(const Tensor& x, const Tensor& y) {
  if (!(x.shape() == y.shape()) || x.dtype() != y.dtype()) return false;
  const Tensor a = contiguous_data(x), b = contiguous_data(y);
  return std::memcmp(a.raw(), b.raw(), static_cast<std::size_t>(a.numel()) * size_of(a.dtype())) == 0;
}

// The exact type and the exact text: users and the Python bindings rely on both.
template <class E, class F>
void expect_error(const std::string& text, F&& provoke) {
  try {
    provoke();
    ADD_FAILURE() << "nothing was thrown; expected: " << text;
  } catch (const std::exception& error) {
    EXPECT_STREQ(error.what(), text.c_str());
    EXPECT_TRUE(typeid(error) == typeid(E)) << "of another type: " << error.what();
  }
}

// Runs `work` in a thread with a stack of that many bytes and hands its exception on to the caller.
inline void in_thread(std::size_t stack_bytes, std::function<void()> work) {
  struct Task {
    std::function<void()> work;
    std::exception_ptr failure;
  } task{std::move(work), nullptr};
#if defined(__SANITIZE_THREAD__)
  stack_bytes += std::size_t{1} << 20;  // the sanitizer keeps nearly as much of its own at the top
#endif
  // A stack of our own: the system would hand out a larger one that it has in stock. Below it lies a page that nobody may
  // touch, so that running over the end is a crash and not a quiet write elsewhere.
  constexpr std::size_t kGuard = 64 * 1024;
  void* const room = mmap(nullptr, kGuard + stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  ASSERT_NE(room, MAP_FAILED);
  mprotect(room, kGuard, PROT_NONE);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstack(&attributes, static_cast<char*>(room) + kGuard, stack_bytes);
  pthread_t thread;
  const auto run = [](void* argument) -> void* {
    Task& mine = *static_cast<Task*>(argument);
    try {
      mine.work();
    } catch (...) {
      mine.failure = std::current_exception();
    }
    mine.work = nullptr;  // what the work held dies here, on the small stack
    return nullptr;
  };
  ASSERT_EQ(pthread_create(&thread, &attributes, run, &task), 0);
  pthread_attr_destroy(&attributes);
  pthread_join(thread, nullptr);
  munmap(room, kGuard + stack_bytes);
  if (task.failure) std::rethrow_exception(task.failure);
}
inline void in_thread(std::function<void()> work) { in_thread(std::size_t{8} << 20, std::move(work)); }

// ∂f/∂x element by element, by central differences with one step of Richardson's extrapolation; x is float64.
inline std::vector<double> differences(const std::function<Tensor(const Tensor&)>& f, const Tensor& x) {
  const NoGrad guard;
  std::vector<double> slopes;
  const Tensor moved = clone(x.detach());
  for (std::int64_t k = 0; k < moved.numel(); ++k) {
    double& place = moved.data<double>()[k];
    const double at = place;
    const auto slope = [&](double h) {
      place = at + h;
      const double above = f(moved).item();
      place = at - h;
      const double below = f(moved).item();
      place = at;
      return (above - below) / (2 * h);
    };
    const double h = 1e-3 * std::max(1.0, std::abs(at));
    slopes.push_back((4 * slope(h / 2) - slope(h)) / 3);
  }
  return slopes;
}

inline void expect_near(const std::vector<double>& got, const std::vector<double>& expected, double tolerance) {
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t k = 0; k < got.size(); ++k) EXPECT_NEAR(got[k], expected[k], tolerance * (1 + std::abs(expected[k]))) << "element " << k;
}

}  // namespace trigrad::testing
