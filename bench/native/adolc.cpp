// native.adolc: ADOL-C, driven by the harness. Each step records its own graph, as everywhere else; `keep` = 1 stores
// the values while recording, so that the reverse sweep needs no second forward pass.
//
// A tape that outgrows its buffers is written to disk, and larger buffers than needed cost page faults at every
// recording. So the first recording gets ample ones, the others what the first one used, and then some.
#include "styles.hpp"

#include <adolc/adolc.h>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace {

class AdolcTape {
 public:
  using Number = adouble;

  explicit AdolcTape(std::size_t count) : variables_(count) {}

  std::span<const adouble> start(std::span<const double> values) {
    if (recording_) trace_off();
    constexpr int kKeep = 1;
    trace_on(kTag, kKeep, buffers_.operations, buffers_.locations, buffers_.values, buffers_.taylors);
    recording_ = true;
    for (std::size_t k = 0; k < values.size(); ++k) variables_[k] <<= values[k];
    return variables_;
  }
  double finish(const adouble& loss) {
    double result = 0;
    const_cast<adouble&>(loss) >>= result;
    trace_off();
    recording_ = false;
    if (!fitted_) fit_buffers();
    return result;
  }
  void reverse(std::span<double> gradient) {
    double one = 1;
    fos_reverse(kTag, 1, static_cast<int>(gradient.size()), &one, gradient.data());
  }

  template <class X>
  static void affine(std::span<const adouble> w, std::span<const X> x, const adouble& bias, adouble& z) {
    z = bias;
    for (std::size_t k = 0; k < w.size(); ++k) z += w[k] * x[k];
  }
  static void mul_add(const adouble& w, const adouble& x, adouble& z) { z += w * x; }
  static void scale_add(adouble& z, const adouble& a, const adouble& b) { z = z * a + b; }
  static void relu(adouble& z) {
    if (z.value() <= 0) z = 0.0;
  }
  static void relu_node(adouble& z) { z = fmax(z, 0.0); }
  static double value(const adouble& z) { return z.value(); }

  native::json counts() const {
    std::size_t found[STAT_SIZE];
    tapestats(kTag, found);
    const std::size_t bytes =
        found[NUM_OPERATIONS] + found[NUM_LOCATIONS] * sizeof(locint) + (found[NUM_VALUES] + found[TAY_STACK_SIZE]) * sizeof(double);
    return {{"nodes", found[NUM_OPERATIONS]}, {"peak_live_bytes", bytes}};
  }
  static native::json info() { return {{"name", "native.adolc"}, {"version", TRIGRAD_ADOLC_VERSION}}; }

 private:
  static constexpr short kTag = 1;

  struct Buffers {
    unsigned operations = 1u << 26, locations = 1u << 28, values = 1u << 24, taylors = 1u << 26;
  };
  void fit_buffers() {
    std::size_t found[STAT_SIZE];
    tapestats(kTag, found);
    const auto ample = [&](int entry) { return static_cast<unsigned>(std::min<std::size_t>(2 * found[entry] + 4096, 1u << 30)); };
    buffers_ = {ample(NUM_OPERATIONS), ample(NUM_LOCATIONS), ample(NUM_VALUES), ample(TAY_STACK_SIZE)};
    fitted_ = true;
  }

  std::vector<adouble> variables_;
  Buffers buffers_;
  bool fitted_ = false;
  bool recording_ = false;
};
}  // namespace

int main(int count, char** words) {
#if defined(__GLIBC__)
  mallopt(M_MMAP_THRESHOLD, 1 << 30);  // memory that is freed stays with the process: no page faults at the next recording
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
#endif
  return native::serve_style<AdolcTape>(count, words);
}
