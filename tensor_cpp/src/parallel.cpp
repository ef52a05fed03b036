// A team of threads that waits for work (see parallel.hpp).
//
// Why not OpenMP: it would be a run-time library more, PyTorch brings one of its own into the same process, and thread
// sanitizers misread it. What is needed is small: wake n - 1 threads, do part 0 oneself, wait for the rest.

#include "parallel.hpp"

#include <trigrad/errors.hpp>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <limits>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>

#if defined(__linux__)
#include <sched.h>
#endif
#if defined(__unix__) || defined(__APPLE__)
#include <unistd.h>
#endif

namespace trigrad {
namespace {

int processors() {
#if defined(__linux__)
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0) return std::max(1, CPU_COUNT(&allowed));
#endif
  return static_cast<int>(std::max(1u, std::thread::hardware_concurrency()));
}

std::atomic<int>& wanted_threads() {
  static std::atomic<int> threads = [] {
    const char* given = std::getenv("OMP_NUM_THREADS");
    const long n = given ? std::strtol(given, nullptr, 10) : 0;  // of "4,2", levels as in OpenMP, the first
    return n > 0 && n < std::numeric_limits<int>::max() ? static_cast<int>(n) : processors();
  }();
  return threads;
}

long process_id() {
#if defined(__unix__) || defined(__APPLE__)
  return getpid();
#else
  return 1;  // never forked
#endif
}

// Some systems gather threads that often sleep on one processor, to let others rest: then part 1 waits until part 0 is
// done. So a thread that finds itself where its caller is at work goes elsewhere, if there are processors for everybody.
#if defined(__linux__)
int processor_here() { return sched_getcpu(); }

void leave(int processor, int threads) {
  if (processor_here() != processor) return;
  cpu_set_t others;  // of the main thread: ours may be smaller already
  if (sched_getaffinity(getpid(), sizeof(others), &others) != 0 || CPU_COUNT(&others) < threads) return;
  CPU_CLR(static_cast<std::size_t>(processor), &others);
  (void)sched_setaffinity(0, sizeof(others), &others);  // where that is forbidden, the work is done all the same
}
#else
int processor_here() { return 0; }
void leave(int /*processor*/, int /*threads*/) {}
#endif

// One job at a time; a second caller works alone meanwhile. Threads are started when first needed and never joined: the
// team lives as long as the process does.
class Team {
 public:
  bool run(int parts, PartTask task) {  // false where the system gives us no threads
    {
      const std::lock_guard lock(mutex_);
      try {
        for (; started_ + 1 < parts; ++started_) std::thread([this, part = started_ + 1] { serve(part); }).detach();
      } catch (const std::system_error&) {
        return false;
      }
      task_ = &task;
      parts_ = parts;
      caller_on_ = processor_here();
      waiting_for_.store(parts - 1, std::memory_order_relaxed);
      job_.fetch_add(1, std::memory_order_release);
    }
    wake_.notify_all();
    task(0);
    while (waiting_for_.load(std::memory_order_acquire) > 0) std::this_thread::yield();
    return true;
  }

  std::mutex busy;

 private:
  void serve(int part) {
    std::uint64_t seen = 0;
    while (true) {
      // The next product of a step often follows within microseconds, and waking up takes longer than that.
      for (int k = 0; k < kSpins && job_.load(std::memory_order_acquire) == seen; ++k) std::this_thread::yield();
      const PartTask* task = nullptr;
      int caller_on = 0, parts = 0;
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [&] { return job_.load(std::memory_order_relaxed) != seen; });
        seen = job_.load(std::memory_order_relaxed);
        if (part < parts_) task = task_;
        caller_on = caller_on_;
        parts = parts_;
      }
      if (!task) continue;
      leave(caller_on, parts);
      (*task)(part);
      waiting_for_.fetch_sub(1, std::memory_order_acq_rel);
    }
  }

  static constexpr int kSpins = 100;
  std::mutex mutex_;  // of what follows
  std::condition_variable wake_;
  std::atomic<std::uint64_t> job_{0};
  const PartTask* task_ = nullptr;
  int parts_ = 0, caller_on_ = 0;
  int started_ = 0;
  std::atomic<int> waiting_for_{0};
};

std::atomic<long> at_work{0};  // the process whose team works for somebody

// After fork() the child has none of its parent's threads, so it gets a team of its own.
Team& team(long here) {
  static std::atomic<Team*> current{new Team};
  static std::atomic<long> owner{here};
  if (owner.exchange(here) != here) current = new Team;
  return *current;
}

}  // namespace

int num_threads() { return wanted_threads().load(std::memory_order_relaxed); }

void set_num_threads(int n) {
  if (n < 1) throw ValueError("set_num_threads: needs a positive number of threads, not " + std::to_string(n));
  wanted_threads() = n;
}

int free_threads() {
  const long where = at_work.load(std::memory_order_relaxed);  // a child that was forked meanwhile finds its parent's number
  return where != 0 && where == process_id() ? 1 : num_threads();
}

void run_parts(int parts, PartTask task) {
  const long here = process_id();
  Team& all = team(here);
  const std::unique_lock alone(all.busy, std::try_to_lock);
  if (alone.owns_lock()) {
    at_work.store(here, std::memory_order_relaxed);
    const bool done = all.run(parts, task);
    at_work.store(0, std::memory_order_relaxed);
    if (done) return;
  }
  for (int part = 0; part < parts; ++part) task(part);
}

}  // namespace trigrad
