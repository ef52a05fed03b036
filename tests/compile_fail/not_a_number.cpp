// expect: no matching function for call to 'floor(const char [2])'
// The vocabulary of formulas is constrained: what is neither a number nor a handle is refused at the call.
#include <trigrad/scalar.hpp>

int main() { trigrad::floor("1"); }
