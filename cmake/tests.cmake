# Programs that check: gesso_tests (GoogleTest), gesso_suites (peers' test cases), gesso_bench.

# Built from source, natively too, so that our flags and sanitizers reach into it.
set(googletest /usr/src/googletest/googletest)
add_library(gtest STATIC ${googletest}/src/gtest-all.cc ${googletest}/src/gtest_main.cc)
target_include_directories(gtest SYSTEM PUBLIC ${googletest}/include PRIVATE ${googletest})
target_compile_options(gtest PRIVATE -w)

# A program that runs under Node here and on the machine itself elsewhere, and reads files in both.
function(gesso_program name)
  add_executable(${name} ${ARGN})
  target_link_libraries(${name} PRIVATE core models warnings)
  if(EMSCRIPTEN)
    # What is linked has been optimised; doing it again takes a minute for each program.
    target_link_options(${name} PRIVATE -O1 -sNODERAWFS -sALLOW_MEMORY_GROWTH -sEXIT_RUNTIME
      -sSTACK_SIZE=1MB -sMAXIMUM_MEMORY=4GB -sENVIRONMENT=node
      "SHELL:--pre-js ${PROJECT_SOURCE_DIR}/cmake/node_environment.js"
      -sEXPORTED_RUNTIME_METHODS=ENV)
    set_property(TARGET ${name} APPEND PROPERTY
      LINK_DEPENDS "${PROJECT_SOURCE_DIR}/cmake/node_environment.js")
  endif()
endfunction()

# In Node, GESSO_TEST_BACKEND makes such a program run its graphs on WebGPU.
function(gesso_hosted_program name)
  gesso_program(${name} ${ARGN})
  if(EMSCRIPTEN)
    set(glue "${PROJECT_SOURCE_DIR}/tests/webgpu")
    target_sources(${name} PRIVATE tests/webgpu/hosted_program.cpp wasm/plan_json.cpp)
    target_link_libraries(${name} PRIVATE json)
    target_link_options(${name} PRIVATE "SHELL:--pre-js ${glue}/hosting.js"
      "SHELL:--js-library ${glue}/hosted_library.js")
    set_property(TARGET ${name} APPEND PROPERTY
      LINK_DEPENDS "${glue}/hosting.js;${glue}/hosted_library.js")
  endif()
endfunction()

if(EMSCRIPTEN)
  # The tree's package.json says "module"; what Emscripten writes for Node is CommonJS.
  file(WRITE "${PROJECT_BINARY_DIR}/package.json" "{ \"type\": \"commonjs\" }\n")
endif()

file(GLOB suite_sources CONFIGURE_DEPENDS tests/suites/*.cpp)
list(FILTER suite_sources EXCLUDE REGEX "/main\\.cpp$")
if(suite_sources)
  add_library(suites STATIC ${suite_sources})
  target_link_libraries(suites PUBLIC core models PRIVATE warnings)
  gesso_hosted_program(gesso_suites tests/suites/main.cpp)
  target_link_libraries(gesso_suites PRIVATE suites)
endif()

file(GLOB test_sources CONFIGURE_DEPENDS tests/native/*.cpp)
if(test_sources)
  gesso_hosted_program(gesso_tests ${test_sources})
  target_link_libraries(gesso_tests PRIVATE gtest $<TARGET_NAME_IF_EXISTS:suites>)
  # Two shards keep two cores busy; the reports are what tools/test.mjs counts.
  foreach(shard IN ITEMS 0 1)
    add_test(NAME gesso_tests.${shard}
      COMMAND gesso_tests --gtest_brief=1
              "--gtest_output=json:${PROJECT_BINARY_DIR}/reports/${shard}.json"
      WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
    set_tests_properties(gesso_tests.${shard} PROPERTIES
      ENVIRONMENT "GTEST_TOTAL_SHARDS=2;GTEST_SHARD_INDEX=${shard}" TIMEOUT 600)
  endforeach()
  if(EMSCRIPTEN)
    include(cmake/webgpu_tests.cmake)
  endif()
endif()

if(NOT GESSO_SANITIZE)
  gesso_program(gesso_training EXCLUDE_FROM_ALL tests/bench/training.cpp)
endif()

file(GLOB bench_sources CONFIGURE_DEPENDS tests/bench/*.cpp)
list(FILTER bench_sources EXCLUDE REGEX "/training\\.cpp$")
if(bench_sources AND NOT EMSCRIPTEN AND NOT GESSO_SANITIZE)
  find_package(benchmark REQUIRED)
  gesso_program(gesso_bench ${bench_sources})
  target_link_libraries(gesso_bench PRIVATE benchmark::benchmark_main)
endif()
