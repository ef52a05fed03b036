// How much of this thread's stack is left: the recursive order stops before the end instead of crashing at it.

#include <trigrad/tensor/internal.hpp>

#if defined(__linux__)
#include <pthread.h>
#elif defined(__APPLE__)
#include <pthread.h>
#elif defined(_WIN32)
#include <windows.h>
#endif

namespace trigrad {
namespace {

// The lowest address that this thread's stack may grow down to.
std::uintptr_t stack_end() {
#if defined(__linux__)
  pthread_attr_t attributes;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return 0;
  void* lowest = nullptr;
  std::size_t size = 0;
  pthread_attr_getstack(&attributes, &lowest, &size);
  pthread_attr_destroy(&attributes);
  return reinterpret_cast<std::uintptr_t>(lowest);
#elif defined(__APPLE__)
  return reinterpret_cast<std::uintptr_t>(pthread_get_stackaddr_np(pthread_self())) - pthread_get_stacksize_np(pthread_self());
#elif defined(_WIN32)
  ULONG_PTR low = 0, high = 0;
  GetCurrentThreadStackLimits(&low, &high);
  return low;
#else
  return 0;
#endif
}

}  // namespace

std::size_t stack_left() {
  const std::uintptr_t top = stack_position();
  thread_local const std::uintptr_t end = stack_end();  // on Linux's main thread it costs half a millisecond to find out
  if (end == 0 || end > top) return 256 * 1024;  // unknown: assume little
  return top - end;
}

}  // namespace trigrad
