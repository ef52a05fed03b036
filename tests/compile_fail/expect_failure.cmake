# Compiles SOURCE, which must fail with the message that its first line names: `// expect: <fragment of the message>`.
# A fragment is demanded because a file that fails for another reason (a wrong include, a typo) proves nothing. The
# messages are g++'s, in the C locale (plain quotes).
file(STRINGS ${SOURCE} lines LIMIT_COUNT 1 ENCODING UTF-8)
if(NOT lines MATCHES "^// *expect: *(.+)$")
  message(FATAL_ERROR "${SOURCE}: the first line must read `// expect: <fragment of the compiler's message>`")
endif()
string(STRIP "${CMAKE_MATCH_1}" fragment)

execute_process(COMMAND ${CMAKE_COMMAND} -E env LC_ALL=C ${COMPILER} -std=c++20 -fsyntax-only -fdiagnostics-color=never
                        -I${ROOT}/scalar_cpp/include -I${ROOT}/tensor_cpp/include ${SOURCE}
                RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE output)
if(status EQUAL 0)
  message(FATAL_ERROR "${SOURCE} compiled, but must not; expected: ${fragment}")
endif()
string(FIND "${output}" "${fragment}" position)
if(position EQUAL -1)
  message(FATAL_ERROR "${SOURCE} failed for another reason; expected: ${fragment}\n${output}")
endif()
