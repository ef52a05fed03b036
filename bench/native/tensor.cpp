// native.tensor_cpp.{tape,stack,recursive}: trigrad's tensor engine, driven by the harness. The order is the argument.
#include "runner.hpp"
#include "tensor_program.hpp"

int main(int count, char** arguments) {
  using native::TensorProgram;
  try {
    if (count > 1) TensorProgram::order_name = arguments[1];
    TensorProgram::order = trigrad::parse_order(TensorProgram::order_name);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\nusage: %s [tape|stack|recursive]\n", error.what(), arguments[0]);
    return 2;
  }
  native::Runner<TensorProgram> engine;
  return native::serve(engine);
}
