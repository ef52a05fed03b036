# Lays <build>/python out as the packages trigrad and trigrad_bench, by links to the sources (see bindings/CMakeLists.txt).
# The same layout is given to wheels by [tool.scikit-build.wheel.packages] in pyproject.toml.
file(MAKE_DIRECTORY ${TARGET}/trigrad)
file(GLOB old ${TARGET}/trigrad/*)
foreach(path IN LISTS old)
  if(IS_SYMLINK ${path} AND NOT EXISTS ${path})
    file(REMOVE ${path})  # its source was removed
  endif()
endforeach()

file(GLOB sources ${SOURCE}/bindings/trigrad/*)
foreach(source IN LISTS sources ITEMS ${SOURCE}/reference_py)
  get_filename_component(name ${source} NAME)
  if(NOT name STREQUAL "__pycache__" AND EXISTS ${source})
    file(CREATE_LINK ${source} ${TARGET}/trigrad/${name} SYMBOLIC)
  endif()
endforeach()
file(CREATE_LINK ${SOURCE}/bench/trigrad_bench ${TARGET}/trigrad_bench SYMBOLIC)
