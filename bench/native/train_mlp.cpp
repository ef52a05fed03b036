// `trigrad train_mlp` without Python: two moons by a 2-16-16-1 network, hinge loss, batches of ten (pycrograd's settings).
//
//   train_mlp --engine scalar --epochs 100 --length 100
#include "train.hpp"

int main(int count, char** arguments) {
  return train::run({.name = "train_mlp",
                     .about = "two moons by a 2-16-16-1 network; a fifth of the points validates",
                     .layers = {2, 16, 16, 1},
                     .loss = train::Loss::Hinge,
                     .l2 = 1e-4,
                     .defaults = {.dtype = "float64", .split = "random", .epochs = 100, .length = 100, .batch_size = 10, .lr = 0.01},
                     .data =
                         [](const train::Options& o) {
                           train::Draw draw(o.seed, train::Draw::Data);
                           const train::Rows rows = train::moons(o.length, 0.1, draw);
                           return o.split == "random" ? train::split_random(rows, draw) : train::split_tail(rows);
                         }},
                    count, arguments);
}
