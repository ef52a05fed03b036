// Tells the compiler that the C math functions have vector forms, so that a plain loop over exp or tanh vectorises.
//
// glibc (2.35 and later, x86-64) ships libmvec: every function below in 4-, 8- and 16-wide versions, within 4 units in
// the last place. Its own headers announce them only under -ffast-math, which we do not use: that flag also breaks NaN,
// infinities and signed zeros. Redeclaring a function with the attribute is enough. Elsewhere the loops call libm.
#pragma once

#include <cmath>

#if defined(__GNUC__) && !defined(__clang__) && defined(__x86_64__) && defined(__GLIBC__)
#if __GLIBC_PREREQ(2, 35)
#define TRIGRAD_HAS_LIBMVEC 1
#define TRIGRAD_VECTOR __attribute__((__simd__("notinbranch")))
extern "C" {
TRIGRAD_VECTOR double exp(double) noexcept;
TRIGRAD_VECTOR double expm1(double) noexcept;
TRIGRAD_VECTOR double log(double) noexcept;
TRIGRAD_VECTOR double log1p(double) noexcept;
TRIGRAD_VECTOR double log2(double) noexcept;
TRIGRAD_VECTOR double log10(double) noexcept;
TRIGRAD_VECTOR double sin(double) noexcept;
TRIGRAD_VECTOR double cos(double) noexcept;
TRIGRAD_VECTOR double tan(double) noexcept;
TRIGRAD_VECTOR double asin(double) noexcept;
TRIGRAD_VECTOR double acos(double) noexcept;
TRIGRAD_VECTOR double atan(double) noexcept;
TRIGRAD_VECTOR double sinh(double) noexcept;
TRIGRAD_VECTOR double cosh(double) noexcept;
TRIGRAD_VECTOR double tanh(double) noexcept;
TRIGRAD_VECTOR double asinh(double) noexcept;
TRIGRAD_VECTOR double acosh(double) noexcept;
TRIGRAD_VECTOR double atanh(double) noexcept;
TRIGRAD_VECTOR double erf(double) noexcept;
TRIGRAD_VECTOR double pow(double, double) noexcept;
TRIGRAD_VECTOR float expf(float) noexcept;
TRIGRAD_VECTOR float expm1f(float) noexcept;
TRIGRAD_VECTOR float logf(float) noexcept;
TRIGRAD_VECTOR float log1pf(float) noexcept;
TRIGRAD_VECTOR float log2f(float) noexcept;
TRIGRAD_VECTOR float log10f(float) noexcept;
TRIGRAD_VECTOR float sinf(float) noexcept;
TRIGRAD_VECTOR float cosf(float) noexcept;
TRIGRAD_VECTOR float tanf(float) noexcept;
TRIGRAD_VECTOR float asinf(float) noexcept;
TRIGRAD_VECTOR float acosf(float) noexcept;
TRIGRAD_VECTOR float atanf(float) noexcept;
TRIGRAD_VECTOR float sinhf(float) noexcept;
TRIGRAD_VECTOR float coshf(float) noexcept;
TRIGRAD_VECTOR float tanhf(float) noexcept;
TRIGRAD_VECTOR float asinhf(float) noexcept;
TRIGRAD_VECTOR float acoshf(float) noexcept;
TRIGRAD_VECTOR float atanhf(float) noexcept;
TRIGRAD_VECTOR float erff(float) noexcept;
TRIGRAD_VECTOR float powf(float, float) noexcept;
}
#undef TRIGRAD_VECTOR
#endif
#endif
