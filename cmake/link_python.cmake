# Lays <build>/python out as the packages trigrad and trigrad_bench, by links to the sources (see bindings/CMakeLists.txt).
# The same layout is given to wheels by [tool.scikit-build.wheel.packages] in pyproject.toml and by bindings/CMakeLists.txt.
# nn, optim and data are written once, in bindings/surface, and laid into every engine's package; so an engine's package
# is a folder of links, while everything else is linked whole, and nothing is ever put into the source tree.
cmake_policy(VERSION 3.22)
set(engines tensor_cpp scalar_cpp reference_py)

# Links every file and folder of `from` into the folder `into`; takes away links whose source was removed.
function(link_all from into)
  if(IS_SYMLINK ${into})
    file(REMOVE ${into})  # a link to the source tree itself, of an older layout
  endif()
  file(MAKE_DIRECTORY ${into})
  file(GLOB old ${into}/*)
  foreach(path IN LISTS old)
    if(IS_SYMLINK ${path} AND NOT EXISTS ${path})
      file(REMOVE ${path})
    endif()
  endforeach()
  file(GLOB sources ${from}/*)
  foreach(source IN LISTS sources)
    get_filename_component(name ${source} NAME)
    if(NOT name STREQUAL "__pycache__" AND NOT name IN_LIST engines)
      file(CREATE_LINK ${source} ${into}/${name} SYMBOLIC)
    endif()
  endforeach()
endfunction()

link_all(${SOURCE}/bindings/trigrad ${TARGET}/trigrad)
foreach(engine IN LISTS engines)
  if(engine STREQUAL "reference_py")
    link_all(${SOURCE}/reference_py ${TARGET}/trigrad/reference_py)
  else()
    link_all(${SOURCE}/bindings/trigrad/${engine} ${TARGET}/trigrad/${engine})
  endif()
  link_all(${SOURCE}/bindings/surface ${TARGET}/trigrad/${engine})
endforeach()
file(CREATE_LINK ${SOURCE}/bench/trigrad_bench ${TARGET}/trigrad_bench SYMBOLIC)
