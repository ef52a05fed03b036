// A chain of nodes that own their parent by shared_ptr. It is built in a loop and never walked; when its last owner lets
// go, each destructor calls the next. Prints the length if the process lives to the end.
// Read with: recursion_depth.py, which bounds the stack to one mebibyte.
#include <cstdio>
#include <cstdlib>
#include <memory>

struct Node {
  std::shared_ptr<Node> parent;
  double value = 0;
};

int main(int count, char** arguments) {
  const long length = count > 1 ? std::atol(arguments[1]) : 0;
  {
    auto last = std::make_shared<Node>();
    for (long k = 0; k < length; ++k) last = std::make_shared<Node>(Node{last, 1.0});
  }
  std::printf("%ld\n", length);
}
