# WebAssembly: our own list of XNNPACK's sources. -mrelaxed-simd in the flags adds its kernels.
foreach(set IN ITEMS scalar wasm wasmsimd wasmrelaxedsimd)
  include("${XNNPACK_SOURCE_DIR}/cmake/gen/${set}_microkernels.cmake")
endforeach()
set(kernels ${PROD_SCALAR_MICROKERNEL_SRCS} ${PROD_WASM_MICROKERNEL_SRCS}
            ${PROD_WASMSIMD_MICROKERNEL_SRCS})
if(CMAKE_C_FLAGS MATCHES "-mrelaxed-simd")
  list(APPEND kernels ${PROD_WASMRELAXEDSIMD_MICROKERNEL_SRCS})
endif()
# Those of operators that never run here; stubs/left_out.c has their names.
list(FILTER kernels EXCLUDE REGEX
     "/f32-v(exp|gelu|log|r?sqrt|r?copysignc?|maxc?|minc?)-|/x(8|16|24)-transposec-")
list(TRANSFORM kernels PREPEND "${XNNPACK_SOURCE_DIR}/")

set(src "${XNNPACK_SOURCE_DIR}/src")
# What prepares an operator is small rather than fast, and compiled when a program is linked, which
# then knows that it only asks for floats and leaves the kernels of other types out.
file(GLOB cold "${src}/operators/*.c" "${src}/subgraph/*.c" "${src}/configs/*.c" "${src}/enums/*.c"
               "${src}/*.c")
file(GLOB packing "${src}/indirection.c" "${src}/reference/packing.cc")
file(GLOB hot "${src}/tables/*.c" "${src}/operator-run.c")
list(REMOVE_ITEM cold ${hot} ${packing})

if(GESSO_THREADS)
  set(pool portable-api.c memory.c pthreads.c fastpath.c)
  add_compile_definitions(PTHREADPOOL_USE_FASTPATH=0 PTHREADPOOL_USE_FUTEX=1)
  add_compile_options(-pthread)
else()
  set(pool shim.c)
endif()
list(TRANSFORM pool PREPEND "${PTHREADPOOL_SOURCE_DIR}/src/")

add_library(xnnpack STATIC ${kernels} ${cold} ${packing} ${hot} ${pool} stubs/build_identifier.c
                           stubs/left_out.c)
set_source_files_properties(${cold} PROPERTIES COMPILE_OPTIONS "-Oz;-flto")
set_source_files_properties(${packing} PROPERTIES COMPILE_OPTIONS -Os)
# What divides the work is called a few hundred times a run, and comes in forty shapes.
set_source_files_properties(${pool} PROPERTIES COMPILE_OPTIONS "-Oz;-flto")

include(call_clang.cmake)
foreach(language IN ITEMS C CXX)
  separate_arguments(flags UNIX_COMMAND "${CMAKE_${language}_FLAGS}")
  gesso_call_clang(${language} ${flags})
endforeach()

set_target_properties(xnnpack PROPERTIES C_STANDARD 99 C_EXTENSIONS ON CXX_STANDARD 17)
target_include_directories(xnnpack PRIVATE
  stubs  # first: two WebAssembly kernels include arm_neon.h by mistake
  "${XNNPACK_SOURCE_DIR}/include" "${XNNPACK_SOURCE_DIR}/src" "${PTHREADPOOL_SOURCE_DIR}/include"
  "${PTHREADPOOL_SOURCE_DIR}/src" "${FP16_SOURCE_DIR}/include" "${FXDIV_SOURCE_DIR}/include")
target_compile_options(xnnpack PRIVATE -fno-math-errno -ffunction-sections -fdata-sections -w
  $<$<COMPILE_LANGUAGE:CXX>:-fno-exceptions>)
target_compile_definitions(xnnpack PRIVATE
  NDEBUG XNN_LOG_LEVEL=0 PTHREADPOOL_NO_DEPRECATED_API=1
  XNN_ENABLE_MEMOPT=1 XNN_ENABLE_SPARSE=1 XNN_ENABLE_GEMM_M_SPECIALIZATION=1)
foreach(feature IN ITEMS CPUINFO ASSEMBLY DWCONV_MULTIPASS KLEIDIAI HVX VSX
    ARM_BF16 ARM_DOTPROD ARM_FP16_SCALAR ARM_FP16_VECTOR ARM_I8MM ARM_SME ARM_SME2
    RISCV_VECTOR RISCV_FP16_VECTOR AVXVNNI AVXVNNIINT8 AVX256SKX AVX256VBMI AVX256VNNI
    AVX256VNNIGFNI AVX512AMX AVX512F AVX512FP16 AVX512SKX AVX512VBMI AVX512VNNI AVX512VNNIGFNI)
  target_compile_definitions(xnnpack PRIVATE XNN_ENABLE_${feature}=0)
endforeach()
install(TARGETS xnnpack ARCHIVE DESTINATION lib)
