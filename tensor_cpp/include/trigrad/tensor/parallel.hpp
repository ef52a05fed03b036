// How many threads large products, loops and sums may use. Results do not depend on it: work is cut between numbers of the
// result, and a long sum into blocks whose number depends on its length alone.
#pragma once

namespace trigrad {

int num_threads();           // all that this process may run on, unless OMP_NUM_THREADS or set_num_threads says otherwise
void set_num_threads(int n);  // ValueError unless positive

}  // namespace trigrad
