// expect: cannot convert 'trigrad::Value' to 'double'
// A Value never decays to a number silently: that would lose its gradient.
#include <trigrad/scalar.hpp>

double area(double side) { return side * side; }

int main() { area(trigrad::leaf(2.0)); }
