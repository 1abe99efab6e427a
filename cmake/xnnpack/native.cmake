# Native: XNNPACK's own build, without tests and without kernels for types and CPUs we do not use.
set(XNNPACK_LIBRARY_TYPE static)
foreach(off IN ITEMS XNNPACK_BUILD_ALL_MICROKERNELS XNNPACK_BUILD_TESTS XNNPACK_BUILD_BENCHMARKS
    XNNPACK_ENABLE_KLEIDIAI XNNPACK_ENABLE_AVXVNNI XNNPACK_ENABLE_AVXVNNIINT8
    XNNPACK_ENABLE_AVX256SKX XNNPACK_ENABLE_AVX256VNNI XNNPACK_ENABLE_AVX256VNNIGFNI
    XNNPACK_ENABLE_AVX512AMX XNNPACK_ENABLE_AVX512FP16 XNNPACK_ENABLE_AVX512VBMI
    XNNPACK_ENABLE_AVX512VNNI XNNPACK_ENABLE_AVX512VNNIGFNI)
  set(${off} OFF CACHE BOOL "" FORCE)
endforeach()
# cpuinfo would be one more source to fetch for a dozen questions that the compiler can answer.
add_library(cpuinfo INTERFACE)
target_include_directories(cpuinfo INTERFACE "${CMAKE_CURRENT_SOURCE_DIR}/stubs/cpuinfo")
add_subdirectory("${XNNPACK_SOURCE_DIR}" xnnpack EXCLUDE_FROM_ALL)

# One archive in place of three, so that whoever links it needs no order.
set(archives "$<TARGET_FILE:XNNPACK>;$<TARGET_FILE:microkernels-prod>;$<TARGET_FILE:pthreadpool>")
set(parts XNNPACK microkernels-prod pthreadpool)
add_custom_command(OUTPUT libxnnpack.a
  COMMAND ${CMAKE_COMMAND} -E rm -f libxnnpack.a
  COMMAND ${CMAKE_AR} qcL libxnnpack.a ${archives}
  COMMAND ${CMAKE_RANLIB} libxnnpack.a
  DEPENDS ${parts} COMMAND_EXPAND_LISTS VERBATIM)
add_custom_target(merged ALL DEPENDS libxnnpack.a)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/libxnnpack.a" DESTINATION lib)
