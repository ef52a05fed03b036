# What every target of this repository is compiled with. The settings act on our own targets only: someone who adds
# trigrad to a larger build, or installs it, keeps his own flags.

# Without this, plain `cmake ..` compiles unoptimised, and every timing that follows is of something else.
get_property(multi_config GLOBAL PROPERTY GENERATOR_IS_MULTI_CONFIG)
if(PROJECT_IS_TOP_LEVEL AND NOT multi_config AND NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "Release, Debug or RelWithDebInfo" FORCE)
endif()

if(PROJECT_IS_TOP_LEVEL)
  set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
  find_program(TRIGRAD_CCACHE ccache)
  if(TRIGRAD_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
    # The settings are those that ccache asks for where headers are precompiled.
    set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${TRIGRAD_CCACHE})
  endif()
endif()

if(CMAKE_CXX_COMPILER_ID MATCHES "GNU|Clang")
  set(gnu_like TRUE)
endif()

# trigrad_defaults(target): our warnings, sanitizers and floating-point rules.
function(trigrad_defaults target)
  # No file imports a module; newer compilers would look for them in each, and Clang needs another program for that.
  # Hidden: in the Python extension, too, our functions call each other directly, not through a table.
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF CXX_SCAN_FOR_MODULES OFF POSITION_INDEPENDENT_CODE ON
                                             CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  if(gnu_like)
    # Contraction to fused multiply-adds is off so that float results do not depend on the instruction set that was
    # chosen. No program of ours reads errno or floating-point traps, and loops over sqrt or exp vectorise only without.
    target_compile_options(${target} PRIVATE -ffp-contract=off -fno-math-errno -fno-trapping-math $<$<CONFIG:Release>:-O3>)
    if(TRIGRAD_SANITIZE)  # with sanitizers GCC warns of what is no fault, as its manual says; other builds compile the same text
      target_compile_options(${target} PRIVATE -w)
    else()
      target_compile_options(${target} PRIVATE -Wall -Wextra -Wconversion $<$<BOOL:${TRIGRAD_WERROR}>:-Werror>)
    endif()
    if(TRIGRAD_NATIVE)
      target_compile_options(${target} PRIVATE -march=native)
    endif()
    if(TRIGRAD_SANITIZE)
      target_compile_options(${target} PRIVATE -fsanitize=${TRIGRAD_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
      target_link_options(${target} PRIVATE -fsanitize=${TRIGRAD_SANITIZE})
      target_compile_definitions(${target} PRIVATE _GLIBCXX_ASSERTIONS)
    endif()
  endif()
endfunction()

# trigrad_examples(library): one program per file of examples/.
function(trigrad_examples library)
  file(GLOB sources CONFIGURE_DEPENDS examples/*.cpp)
  foreach(source IN LISTS sources)
    get_filename_component(name ${source} NAME_WE)
    string(REPLACE trigrad_ "" part ${library})
    add_executable(${part}_${name} ${source})
    set_target_properties(${part}_${name} PROPERTIES OUTPUT_NAME ${name} RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/examples/${part})
    target_link_libraries(${part}_${name} PRIVATE ${library})
    trigrad_defaults(${part}_${name})
  endforeach()
endfunction()
