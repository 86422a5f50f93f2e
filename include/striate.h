// striate.h - train and run convolutional networks, from C and from C++.
//
//   bytes on disk -> images -> batches -> graph -> plan -> gradients -> optimizer -> model file -> prediction
//
// The chapters follow the data:  1 status   2 machine   3 images and data sets   4 graph   5 networks by name and by text
//                                6 weights  7 plan      8 model                  9 training  10 measuring  11 pictures
//
// Rules that hold everywhere:
//   - A function that can fail returns a striate_status; STRIATE_OK is 0. Its result comes through the first argument, which
//     is untouched on failure. striate_error() is then one sentence fit to print: file, place, reason, remedy.
//   - X_new and X_open make an object that X_free or X_close releases; both accept NULL. Whatever a function returns as a
//     `const` pointer belongs to the object it came from and lives as long. Arguments are copied, never kept, unless said.
//   - In an options struct 0 means the default written beside the field, so `{0}` is always a good start.
//   - Shapes in letters, always the same: x[N][H][W][C] is N images of H rows, W columns and C channels; convolution weights
//     are w[K][R][S][C/groups]; y[N][P][Q][K] is an output. All of it is 32-bit floating point.
//   - One thread at a time may use an object; different objects may be used from different threads.
#ifndef STRIATE_H
#define STRIATE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define STRIATE_VERSION "0.1.0"

#if defined(__GNUC__)
#define STRIATE_API                 __attribute__((visibility("default")))
#define STRIATE_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define STRIATE_API
#define STRIATE_PRINTF(text, first)
#endif

// ---- 1. Status -----------------------------------------------------------------------------------------------------------

#define STRIATE_STATUSES(X)                                                                                                    \
    X(OK, "no error")                                                                                                          \
    X(BAD_ARGUMENT, "an argument is out of range")                                                                             \
    X(BAD_FILE, "a file does not hold what it should")                                                                         \
    X(BAD_NETWORK, "a network does not fit together")                                                                          \
    X(IO, "the operating system refused to read or write")                                                                     \
    X(NO_MEMORY, "out of memory")                                                                                              \
    X(UNSUPPORTED, "this build lacks a library that is needed")                                                                \
    X(DIVERGED, "training met a value that is not finite")                                                                     \
    X(INTERRUPTED, "stopped on request")

typedef enum striate_status {
#define STRIATE_STATUS_ENUM(name, text) STRIATE_##name,
    STRIATE_STATUSES(STRIATE_STATUS_ENUM)
#undef STRIATE_STATUS_ENUM
} striate_status;

// The sentence of this thread's last failure; "" if nothing failed yet.
STRIATE_API const char *striate_error(void);

// ---- 2. Machine ----------------------------------------------------------------------------------------------------------

// The version of the library at run time, as STRIATE_VERSION.
STRIATE_API const char *striate_version(void);

// The instruction set in use: on x86-64 "base" (SSE2), "avx2" or "avx512", on 64-bit ARM "neon", elsewhere "base". The best the CPU
// has, unless the environment variable STRIATE_ISA names another when the library is first used.
STRIATE_API const char *striate_isa(void);

// The instruction sets that this CPU and this build have, the plainest first; NULL past the last.
STRIATE_API const char *striate_isa_at(int index);

// Sets how many threads compute (0: one per core this process may use) and returns the number. Results do not depend on it.
STRIATE_API int striate_threads(int threads);

// The measured rate of fused multiply-adds in GFLOP/s (2 x multiply-adds): the ceiling of direct convolution. isa: NULL, the one in use;
// threads: 0, or more than compute, all that compute. The best of many bursts: it goes on until for 0.3 s none was better. 0 where the CPU
// lacks the instruction set.
STRIATE_API double striate_peak_gflops(const char *isa, int threads);

// The measured rate of reading memory that no cache holds, in GB/s; likewise.
STRIATE_API double striate_bandwidth(const char *isa, int threads);

// The bytes that this process can still take: what the system has available, or less where a control group or a limit of the process (ulimit
// -v) says so; SIZE_MAX where that cannot be found out.
STRIATE_API size_t striate_memory_available(void);
// The bytes of memory that this process holds; 0 where that cannot be found out.
STRIATE_API size_t striate_memory_held(void);

// ---- 3. Images and data sets ---------------------------------------------------------------------------------------------

// An image: pixels[H][W][C] of 8 bits, rows top to bottom, C = 1 (gray) or 3 (R, G, B).
typedef struct striate_image {
    uint8_t *pixels;
    int height, width, channels;
} striate_image;

// Decodes a PNG or JPEG to 8-bit gray or RGB, upright by its Exif orientation: transparent pixels are laid on white. Images beyond 89 megapixels, or 65,535 pixels on a side,
// are refused. striate_image_free releases the pixels.
STRIATE_API striate_status striate_image_open(striate_image *image, const char *path);
STRIATE_API striate_status striate_image_decode(striate_image *image, const void *bytes, size_t size, const char *name);
STRIATE_API striate_status striate_image_save_png(const striate_image *image, const char *path);
STRIATE_API void striate_image_free(striate_image *image);

// How 8-bit pixels become a network's input: resize, crop, pad, convert, then x = (pixel / 255 * range - mean) / std per channel.
typedef struct striate_preprocessing {
    int height, width, channels; // of the network's input
    int resize;                  // shorter side before a centre crop; 0: resize both sides to height x width
    int pad;                     // a black border of so many of the input's pixels on every side (LeNet-5 with MNIST: 2)
    int bgr;                     // channel order B, G, R; 0: R, G, B
    float range;                 // 0: 1
    float mean[3], std[3];       // per channel of the network's input, in its order; std 0: 1
} striate_preprocessing;

// Random changes to training images, drawn anew in each epoch from (seed, epoch, image): the same on any number of threads and after a
// resume. 0 leaves each out. They are done in this order, on 8-bit pixels; where an image ends, the colour begins that becomes 0 at the input.
typedef struct striate_augmentation {
    int random_crop;           // 1: height x width anywhere in the image as the preprocessing resizes it (AlexNet: 224 of 256)
    int crop_pad;              // the same after so many pixels of border on every side (CIFAR: 4; He et al. 2015, 4.2)
    float random_resized_crop; // a box of this share (0.08) to all of the area, sides 3:4 to 4:3, resized (GoogLeNet, 6)
    int hflip;                 // 1: mirrored, every other time
    int rand_augment;          // so many of RandAugment's 14 operations (2; Cubuk et al. 2019),
    int rand_magnitude;        // at this strength of 0 to 30; 0: 9
    float color_jitter[4];     // brightness, contrast, saturation: factors within 1 +- this; hue: +- this of the circle
    float rotation;            // degrees, within +- this
    float color_pca;           // deviation along the principal components of ImageNet's colours (AlexNet, 4.1: 0.1)
    float random_erasing;      // chance that a rectangle of 2 to 33 % of the area is erased (Zhong et al. 2017)
    float mixup_alpha;         // a batch's images mixed with one another, by shares of Beta(alpha, alpha) (Zhang et al. 2017)
    float cutmix_alpha;        // or a box of each is another's (Yun et al. 2019); with both, each takes half of the batches
} striate_augmentation;
// What image `index` of a training set is in an epoch (0, 1, ...): pixels of how's height x width but for the border, before they are converted.
// striate_image_free releases them.
STRIATE_API striate_status striate_augment(striate_image *changed, const striate_image *image, const striate_preprocessing *how,
                                           const striate_augmentation *augmentation, uint64_t seed, int epoch, int index);

// A labelled set of images. DIR is looked at to find out what it is:
//   MNIST's four IDX files, raw or .gz;  CIFAR-10 or CIFAR-100 binary files;  an image folder: one folder per class holding PNG
//   and JPEG files, directly or under train/ and val/ (or test/);  WebDataset's tar shards;  or, a file itself, one shard or a CSV list of
//   paths and labels (docs/DATA.md).
typedef struct striate_data striate_data;
typedef enum striate_split { STRIATE_SPLIT_TRAIN, STRIATE_SPLIT_TEST } striate_split;

// Opens one split of the data set in `directory`. Where an image folder has no val/ or test/, both splits are all of it.
STRIATE_API striate_status striate_data_open(striate_data **data, const char *directory, striate_split split);

typedef struct striate_data_options {
    int keep_bad; // 1: image files that are none stay in the set, and fail when they are read; 0: the first of them is a failure now
    int unlabelled; // 1: a folder that holds images and no folders is a set of one class; 0: a failure
} striate_data_options;
STRIATE_API striate_status striate_data_open_with(striate_data **data, const char *directory, striate_split split,
                                                  striate_data_options options);

// A data set over the caller's memory, which is copied: pixels[count][height][width][channels], labels 0..classes-1;
// names: class names or NULL for "0", "1", ...
STRIATE_API striate_status striate_data_from_memory(striate_data **data, const uint8_t *pixels, const int *labels, int count,
                                                    int height, int width, int channels, int classes, const char *const *names);

// Splits off a part: the images first..first+count-1 of `data` in file order, or with shuffle_seed != 0 in a fixed random order of
// that seed. `data` must outlive the part.
STRIATE_API striate_status striate_data_part(striate_data **part, const striate_data *data, int first, int count,
                                             uint64_t shuffle_seed);
STRIATE_API void striate_data_close(striate_data *data);

typedef struct striate_data_info {
    const char *format; // "idx", "cifar10", "cifar100", "folder", "csv", "shards", "memory"
    int images, classes;
    int has_test;                                     // 1 if a separate test split exists beside the training split
    int height, width, channels;                      // height and width are 0 where images differ in size
    int min_height, min_width, max_height, max_width; // equal to height and width unless those are 0
    const char *const *class_names;                   // [classes]
} striate_data_info;
STRIATE_API striate_data_info striate_data_about(const striate_data *data);

STRIATE_API int striate_data_label(const striate_data *data, int index);
// Where image `index` came from: a file path, or "t10k-images-idx3-ubyte.gz[12]".
STRIATE_API const char *striate_data_name(const striate_data *data, int index);
// Reads one image; striate_image_free releases it.
STRIATE_API striate_status striate_data_image(striate_image *image, const striate_data *data, int index);
// Mean and standard deviation of pixel / 255 per channel, over all images; with keep_bad over those that can be read.
STRIATE_API striate_status striate_data_statistics(float mean[3], float std[3], const striate_data *data);
typedef int striate_progress(void *user, int done, int all); // nonzero: stop
// Downloads "mnist", "fashion-mnist", "cifar10" or "cifar100" into a folder, which is made if missing, from where it is published, or from a mirror
// that has the same file names. It goes on where it broke off, and nothing is kept whose SHA-256 is not the one known.
typedef struct striate_fetch_options {
    const char *url;            // of the mirror's folder; NULL: the public place
    striate_progress *progress; // of each file, in thousandths
    void *user;
} striate_fetch_options;
STRIATE_API striate_status striate_data_fetch(const char *name, const char *folder, striate_fetch_options options);

// Writes a data set as tar shards PREFIX-000000.tar, ... into a folder, which is made if missing, and classes.txt beside them. Images are written as
// they are stored (those of sets that hold no image files as PNG); where the shorter side is longer than `resize`, resized and as JPEG.
typedef struct striate_pack_options {
    const char *prefix; // NULL: "train"
    int resize;         // 0: not
    int quality;        // of JPEG, 1 to 100; 0: 95
    size_t shard_bytes; // that a shard may have; 0: 64 MiB
    striate_progress *progress;
    void *user;
} striate_pack_options;
STRIATE_API striate_status striate_data_pack(const striate_data *data, const char *folder, striate_pack_options options);

// One image as a network sees it: x[height][width][channels].
STRIATE_API striate_status striate_preprocess(float *x, const striate_image *image, const striate_preprocessing *how);

// ---- 4. Graph ------------------------------------------------------------------------------------------------------------
//
// A graph is a network and its weights. Builders add a node and return it. They never return NULL: the first error sticks to
// the graph, and striate_compile (or any other use of the graph) returns it with the node's name.

typedef struct striate_graph striate_graph;
typedef struct striate_node striate_node;

STRIATE_API striate_status striate_graph_new(striate_graph **graph);
STRIATE_API void striate_graph_free(striate_graph *graph);
// The first error of building, or STRIATE_OK.
STRIATE_API striate_status striate_graph_status(const striate_graph *graph);

// Begins the names of the nodes that follow: with scope "layer1.0", .name = "conv1" becomes "layer1.0.conv1". "" ends it.
STRIATE_API void striate_scope(striate_graph *graph, const char *format, ...) STRIATE_PRINTF(2, 3);

typedef struct striate_size {
    int height, width, channels;
} striate_size;
// The shape of one image's output at a node.
STRIATE_API striate_size striate_node_size(const striate_node *node);
STRIATE_API const char *striate_node_name(const striate_node *node);
// An attribute of a node, as its op and the text form name it ("kernel", "units"); NAN where the op has none of that name.
STRIATE_API double striate_node_attribute(const striate_node *node, const char *name);

// How weights begin. He: normal, variance 2 / fan-in (He et al. 2015, eq. 10). Xavier: uniform, variance 1 / fan-in (Caffe's form of
// Glorot and Bengio 2010). Gaussian: normal with standard deviation init_std.
// Of convolutions also fixed kernels, the same for every input channel and divided by their number: Sobel and Prewitt (3x3; derivatives to the
// right in even filters and downwards in odd ones), Laplacian (3x3; 0 1 0, 1 -4 1, 0 1 0), Gabor (any size; filter k of K is turned by pi k / K,
// its wave half the kernel long, without its mean; Jones and Palmer 1987), blur (any size; a Gaussian of standard deviation size / 4, sum 1),
// decay (any size; 0.9^distance from the middle, sum 1; Fukushima 1988), whiten (any size; what evens out the frequencies f of natural images,
// f exp(-(f / 0.4)^4) in cycles per pixel, without its mean; Olshausen and Field 1997).
typedef enum striate_init {
    STRIATE_INIT_HE,
    STRIATE_INIT_XAVIER,
    STRIATE_INIT_GAUSSIAN,
    STRIATE_INIT_SOBEL,
    STRIATE_INIT_PREWITT,
    STRIATE_INIT_LAPLACIAN,
    STRIATE_INIT_GABOR,
    STRIATE_INIT_BLUR,
    STRIATE_INIT_DECAY,
    STRIATE_INIT_WHITEN
} striate_init;

// The place where images enter: [N][height][width][channels].
STRIATE_API striate_node *striate_input(striate_graph *graph, int height, int width, int channels);

// How a window is laid over the edges. VALID: inside the image and the padding that is given. SAME: ceil(size / stride) outputs, with as much
// padding as that takes, the odd pixel of it below and to the right (TensorFlow's SAME). FULL, of convolutions: wherever the kernel meets
// the image, size + kernel - 1 outputs at stride 1.
typedef enum striate_mode { STRIATE_MODE_VALID, STRIATE_MODE_SAME, STRIATE_MODE_FULL } striate_mode;

// Cross-correlation, as every framework's convolution: y[n,p,q,k] = b[k] + sum w[k,r,s,c] x[n, p*stride - top + r*dilation, ...].
//   P = floor((H + pad_above + pad_below - dilation * (R - 1) - 1) / stride) + 1; Q likewise.
typedef struct striate_conv_options {
    const char *name;                                  // NULL: the op's name and a number
    int filters;                                       // K, required
    int kernel, kernel_h, kernel_w;                    // kernel: both sides; kernel_h, kernel_w: one side, where they differ
    int stride, stride_h, stride_w;                    // 0: 1
    int pad, pad_top, pad_bottom, pad_left, pad_right; // pad: every side; the others add to it
    int dilation;                                      // 0: 1
    int groups;                                        // 0: 1
    int no_bias;                                       // 1: without b
    int init;                                          // a striate_init
    float init_std;                                    // of STRIATE_INIT_GAUSSIAN; 0: 0.01
    float init_bias;
    int frozen; // 1: weights and bias are not trained, as fixed kernels
    int mode;   // a striate_mode; SAME and FULL pad themselves
    int flip;   // 1: true convolution, the kernel turned by 180 degrees
    const char *
        table; // the channels that each filter reads (LeCun et al. 1998, table I), as "0+1,1+2" for two filters of two channels;
               // NULL: all. Of each such pair w has a kernel: w[pairs][R][S], filter by filter
} striate_conv_options;
STRIATE_API striate_node *striate_conv(striate_graph *graph, striate_node *x, striate_conv_options options);

// A pooling window. P = floor or, with ceil, ceil((H + 2 pad - size) / stride) + 1; with ceil a last window that would begin in the
// padding below or to the right is dropped (as Caffe and PyTorch do).
typedef struct striate_window {
    const char *name;
    int size, size_h, size_w;       // required; size_h, size_w where they differ
    int stride, stride_h, stride_w; // 0: 1
    int pad, pad_h, pad_w;          // pad_h, pad_w where they differ from pad
    int ceil;
    int exclude_pad; // avg_pool: divide by the pixels inside the image; 0: by the window clipped to the padded image
    int zero_fill;   // 1: as ceil, and what lies outside the image counts as 0, for the maximum and the mean
    int mode;        // STRIATE_MODE_SAME: pads itself, and avg_pool divides by the pixels inside the image
} striate_window;
STRIATE_API striate_node *striate_max_pool(striate_graph *graph, striate_node *x, striate_window window);
STRIATE_API striate_node *striate_avg_pool(striate_graph *graph, striate_node *x, striate_window window);
// The mean weighted by a Gaussian of standard deviation size / 4: a convolution of each channel by itself with fixed weights (init=blur). The
// window has no ceil, exclude_pad or zero_fill.
STRIATE_API striate_node *striate_gaussian_pool(striate_graph *graph, striate_node *x, striate_window window);
// Trainable subsampling (LeCun et al. 1998, II.B, S2 and S4): the sum of the window's pixels times a coefficient plus a bias, both per channel.
// The coefficients begin as one over the window's pixels, so that the mean comes out.
STRIATE_API striate_node *striate_subsample(striate_graph *graph, striate_node *x, striate_window window);
// Every pixel as a square of equal ones, which is the nearest neighbour: [H][W][C] -> [H factor][W factor][C].
typedef struct striate_upsample_options {
    const char *name;
    int factor; // 0: 2
} striate_upsample_options;
STRIATE_API striate_node *striate_upsample(striate_graph *graph, striate_node *x, striate_upsample_options options);
// Undoes a max pooling (Zeiler and Fergus 2014, 2.1): each value of x[P][Q][C] goes to where its window of image[H][W][C] has its maximum, and
// all else is 0; where windows overlap, values add. `image` and `window` are those of the pooling. [P][Q][C] -> [H][W][C].
STRIATE_API striate_node *striate_max_unpool(striate_graph *graph, striate_node *x, striate_node *image, striate_window window);
// Probabilistic max pooling of a convolutional restricted Boltzmann machine (Lee et al. 2009, 3.3): x is what its hidden units get, and at most one
// unit of each block of window.size x size (0: 2) is on. y = S / (1 + S), the probability that one is; S is the sum of e^x over the block.
// [H][W][C] -> [ceil(H/size)][ceil(W/size)][C].
STRIATE_API striate_node *striate_prob_max_pool(striate_graph *graph, striate_node *x, striate_window window);
// The maximum of each channel: [H][W][C] -> [1][1][C].
STRIATE_API striate_node *striate_global_max_pool(striate_graph *graph, striate_node *x);
// The mean of each channel: [H][W][C] -> [1][1][C] (Lin et al. 2013, 3.2).
STRIATE_API striate_node *striate_global_avg_pool(striate_graph *graph, striate_node *x);
// The means of height x width windows that cover the image, whatever its size: [H][W][C] -> [height][width][C]. Window p has the rows
// floor(p H / height) to ceil((p + 1) H / height) - 1, columns likewise (as PyTorch's AdaptiveAvgPool2d).
typedef struct striate_adaptive_options {
    const char *name;
    int height, width; // required
} striate_adaptive_options;
STRIATE_API striate_node *striate_adaptive_avg_pool(striate_graph *graph, striate_node *x, striate_adaptive_options options);

// y = w x + b over all of x's H*W*C values. Files order them channel, row, column.
typedef struct striate_dense_options {
    const char *name;
    int units; // K, required
    int no_bias;
    int init;
    float init_std; // 0: 0.01
    float init_bias;
} striate_dense_options;
STRIATE_API striate_node *striate_dense(striate_graph *graph, striate_node *x, striate_dense_options options);

// [H][W][C] -> [1][1][H*W*C]; no value moves.
STRIATE_API striate_node *striate_flatten(striate_graph *graph, striate_node *x);

STRIATE_API striate_node *striate_relu(striate_graph *graph, striate_node *x);
STRIATE_API striate_node *striate_sigmoid(striate_graph *graph, striate_node *x);
STRIATE_API striate_node *striate_tanh(striate_graph *graph, striate_node *x);
// 1.7159 tanh(2 x / 3), which is 1 at 1 and -1 at -1 (LeCun et al. 1998, appendix A).
STRIATE_API striate_node *striate_scaled_tanh(striate_graph *graph, striate_node *x);
STRIATE_API striate_node *striate_abs(striate_graph *graph, striate_node *x);
// 1 where x >= 0, else -1 (the perceptron; Rosenblatt 1958). Its gradient is dy itself, "straight through" (Bengio et al. 2013, 4), so that after
// a squared error the weights follow the perceptron's rule.
STRIATE_API striate_node *striate_sign(striate_graph *graph, striate_node *x);
// x where x > 0, else slope * x (Maas et al. 2013).
typedef struct striate_leaky_relu_options {
    const char *name;
    float slope; // 0: 0.01; at most 1
} striate_leaky_relu_options;
STRIATE_API striate_node *striate_leaky_relu(striate_graph *graph, striate_node *x, striate_leaky_relu_options options);

// In training each value is zero with probability `rate` and else divided by 1 - rate; in inference y = x.
typedef struct striate_dropout_options {
    const char *name;
    float rate; // 0: 0.5
} striate_dropout_options;
STRIATE_API striate_node *striate_dropout(striate_graph *graph, striate_node *x, striate_dropout_options options);

// The cells of the neocognitron (Fukushima 1980, eq. 1 to 6). S: y_k = r max((1 + e_k) / (1 + 2 r / (1 + r) b_k sqrt(q)) - 1, 0) where e, a
// convolution, is what excites the cells and q[H][W][1], the weighted sum of squares of the same inputs, what inhibits them; b is learned.
// C: z_k = (1 + gain e_k) / (1 + gain mean of e) - 1, over the channels; y = z / (saturation + z) where z > 0, else 0.
typedef struct striate_cell_options {
    const char *name;
    float selectivity; // r of S cells; 0: 4
    float gain;        // of C cells; 0: 1
    float saturation;  // 0: 0.5
} striate_cell_options;
STRIATE_API striate_node *striate_s_cells(striate_graph *graph, striate_node *e, striate_node *q, striate_cell_options options);
STRIATE_API striate_node *striate_c_cells(striate_graph *graph, striate_node *e, striate_cell_options options);

// Element-wise sum of two nodes of one shape.
STRIATE_API striate_node *striate_add(striate_graph *graph, striate_node *a, striate_node *b);

// y = a + scale b: a residual branch b, scaled (Inception-ResNet; Szegedy et al. 2016, 3.3) or of stochastic depth (Huang et al. 2016, 3): a
// training step drops b for the whole batch with probability `drop`, and inference takes (1 - drop) b. All of one shape.
typedef struct striate_scaled_add_options {
    const char *name;
    float scale; // 0: 1
    float drop;
} striate_scaled_add_options;
STRIATE_API striate_node *striate_scaled_add(striate_graph *graph, striate_node *a, striate_node *b,
                                             striate_scaled_add_options options);

// Element-wise product of two nodes of one shape.
STRIATE_API striate_node *striate_mul(striate_graph *graph, striate_node *a, striate_node *b);

// The gate of a highway layer (Srivastava et al. 2015, eq. 3): y = t h + (1 - t) x, element by element; t is the transform gate's sigmoid.
STRIATE_API striate_node *striate_gate(striate_graph *graph, striate_node *t, striate_node *h, striate_node *x);

// The mean of nodes of one shape: of merge-and-run (Zhao et al. 2016, 3.1), and the join of a fractal network with drop path (Larsson et al.
// 2016, 4), where each training step takes, for the whole batch as the authors' code does, the mean of the inputs that are not dropped:
//   locally   each is dropped with probability `drop`; if all are, one of them comes back
//   globally  in a share `global` of the steps the whole network keeps one of its `columns` columns: of every join the same input. Inputs
//             run from the longest path to the shortest; a join that lacks the column takes them all, as nobody looks at it then.
// Inference takes the mean of all. At most 64 inputs.
typedef struct striate_average_options {
    const char *name;
    float drop;   // the paper has 0.15
    float global; // the paper has 0.5
    int columns;  // required with global
} striate_average_options;
STRIATE_API striate_node *striate_average(striate_graph *graph, striate_node *const *inputs, int count,
                                          striate_average_options options);

// The parameter-free shortcut of CIFAR ResNets (He et al. 2015, 3.3, option A): every stride-th pixel, and zero channels added half before
// and half behind to make `channels`: [H][W][C] -> [ceil(H/stride)][ceil(W/stride)][channels].
typedef struct striate_shortcut_options {
    const char *name;
    int channels; // required
    int stride;   // 0: 1
} striate_shortcut_options;
STRIATE_API striate_node *striate_shortcut(striate_graph *graph, striate_node *x, striate_shortcut_options options);

// Channels side by side: [H][W][C0], [H][W][C1], ... -> [H][W][C0+C1+...].
STRIATE_API striate_node *striate_concat(striate_graph *graph, striate_node *const *inputs, int count);

// Batch normalization per channel (Ioffe and Szegedy 2015): y = weight (x - mean) / sqrt(var + eps) + bias. In training mean and var are the
// batch's (var biased) and running = (1 - momentum) running + momentum * batch (var unbiased); in inference they are the running ones.
typedef struct striate_norm_options {
    const char *name;
    float eps;      // 0: 1e-5
    float momentum; // 0: 0.1
    int no_affine;  // 1: weight is 1 and bias 0, and neither is trained (as Caffe's BatchNorm)
} striate_norm_options;
STRIATE_API striate_node *striate_batch_norm(striate_graph *graph, striate_node *x, striate_norm_options options);

// Local response normalization (Krizhevsky et al. 2012, 3.3): y = x (k + a * sum x_j^2)^-beta, the sum over the `size` channels j from c - size / 2
// on, or within the channel over the size x size pixels around (as Caffe's WITHIN_CHANNEL; 0 beyond the edges). By Caffe's convention, which
// is PyTorch's too, a is alpha divided by the window's values; by the paper's it is alpha, so its 1e-4 is Caffe's 5e-4.
typedef enum striate_lrn_convention { STRIATE_LRN_CAFFE, STRIATE_LRN_PAPER } striate_lrn_convention;
typedef enum striate_lrn_region { STRIATE_LRN_ACROSS, STRIATE_LRN_WITHIN } striate_lrn_region;
typedef struct striate_lrn_options {
    const char *name;
    int size;       // 0: 5
    float alpha;    // 0: 1e-4
    float beta;     // 0: 0.75
    float k;        // 0: 1
    int convention; // a striate_lrn_convention
    int region;     // a striate_lrn_region
} striate_lrn_options;
STRIATE_API striate_node *striate_lrn(striate_graph *graph, striate_node *x, striate_lrn_options options);

// y_c = exp(x_c) / sum exp(x), over the channels of each pixel.
STRIATE_API striate_node *striate_softmax(striate_graph *graph, striate_node *x);

// The loss of classification: -weight log softmax(x)[label], per image. It takes labels from striate_plan_labels. A network may have several
// losses, whose sum is trained: those of auxiliary classifiers, which weigh less, and then that of its output.
typedef struct striate_loss_options {
    const char *name;
    float weight; // 0: 1
    float
        smoothing; // 0..1: with s, the loss is -weight ((1 - s) log p[label] + s mean(log p)), p = softmax(x) (Szegedy et al. 2015, 7)
} striate_loss_options;
STRIATE_API striate_node *striate_cross_entropy(striate_graph *graph, striate_node *logits, striate_loss_options options);

// Other losses of classification, per image. t is 1 at the label and 0 elsewhere; a network of one output has the labels 0 and 1, and t is that
// label.
// weight / 2 sum (x_c - off - (on - off) t_c)^2.
typedef struct striate_squared_error_options {
    const char *name;
    float weight;  // 0: 1
    float on, off; // what the label's output should be, 0: 1, and what the others should be
} striate_squared_error_options;
STRIATE_API striate_node *striate_squared_error(striate_graph *graph, striate_node *outputs,
                                                striate_squared_error_options options);
// -weight sum t_c log s_c + (1 - t_c) log(1 - s_c), s_c = 1 / (1 + e^-x_c): each output by itself.
typedef struct striate_logistic_options {
    const char *name;
    float weight; // 0: 1
} striate_logistic_options;
STRIATE_API striate_node *striate_logistic(striate_graph *graph, striate_node *outputs, striate_logistic_options options);

// The output layer of LeNet-5 (LeCun et al. 1998, II.B): y_k = -sum (x_d - w_kd)^2 for fixed codes w_k of +-1, [1][1][D] -> [1][1][units]. The
// paper's penalty is -y, so that here too the largest output is the class. Codes: 0, pictures of the ten digits, 12 rows of 7 pixels (D is 84;
// drawn for this library); 1, at random, for any number of classes.
typedef struct striate_rbf_options {
    const char *name;
    int units; // required
    int codes;
} striate_rbf_options;
STRIATE_API striate_node *striate_rbf(striate_graph *graph, striate_node *x, striate_rbf_options options);
// Its loss (eq. 9): weight (-y_label + log(e^-j + sum e^y_k)).
typedef struct striate_rbf_loss_options {
    const char *name;
    float weight; // 0: 1
    float j;      // 0: 0.1
} striate_rbf_loss_options;
STRIATE_API striate_node *striate_rbf_loss(striate_graph *graph, striate_node *outputs, striate_rbf_loss_options options);

// ---- 5. Networks by name and by text -------------------------------------------------------------------------------------

typedef struct striate_zoo_options {
    int classes;                 // 0: as published
    int height, width, channels; // 0: as published
    int no_aux;                  // 1: without auxiliary classifiers, which only training has
    float widen;                 // the filters and units of every layer but the last, times this; 0: 1
} striate_zoo_options;
typedef struct striate_zoo_entry {
    const char *name, *title; // "lenet", "LeNet as Caffe ships it"
    int year;
    striate_node *(*build)(striate_graph *graph, const char *name, striate_zoo_options options);
} striate_zoo_entry;
// All networks known by name; the list ends with an entry whose name is NULL.
STRIATE_API const striate_zoo_entry *striate_zoo(void);
STRIATE_API striate_status striate_graph_from_zoo(striate_graph **graph, const char *name, striate_zoo_options options);

// Text networks: a line per node, `name = op inputs... attribute=value...`, `#` begins a comment (docs/FORMATS.md).
STRIATE_API striate_status striate_graph_from_text(striate_graph **graph, const char *text, size_t size, const char *file_name);
// The text of a graph; free() releases it.
STRIATE_API striate_status striate_graph_to_text(char **text, const striate_graph *graph);
// A zoo name, or the path of a text network.
STRIATE_API striate_status striate_graph_open(striate_graph **graph, const char *name_or_path, striate_zoo_options options);

// The ops a network may use, with their attributes: what the text form accepts.
typedef struct striate_attribute_info {
    const char *name, *type, *default_value,
        *doc; // type "int", "float", "flag", "text" or "he|xavier|gaussian"; default NULL: required
} striate_attribute_info;
typedef struct striate_op_info {
    const char *name, *doc;
    int min_inputs, max_inputs; // max -1: any number
    int attribute_count;
    const striate_attribute_info *attributes;
} striate_op_info;
STRIATE_API const striate_op_info *striate_ops(int *count);

// ---- 6. Weights ----------------------------------------------------------------------------------------------------------

// One parameter of a graph. Its memory holds dims[0] x pixels x channels values, files dims[0] x channels x pixels, where pixels is the R*S
// of a convolution, or the H*W that a dense layer's input had; 1 otherwise.
typedef struct striate_parameter {
    const char *name; // "conv1.weight"
    float *values;
    size_t count;
    int rank, dims[4]; // as files have them: K, C/groups, R, S
    int pixels;
    int trained; // 0: a running statistic, or frozen
} striate_parameter;
STRIATE_API int striate_parameter_count(striate_graph *graph);
STRIATE_API striate_status striate_parameter_at(striate_parameter *parameter, striate_graph *graph, int index);

// Fills all weights as their nodes say, from a seed.
STRIATE_API striate_status striate_init_weights(striate_graph *graph, uint64_t seed);
// Reads weights by name from a .safetensors file, all of them or none. Names that the file has and the graph lacks are an error, but
// *.num_batches_tracked.
STRIATE_API striate_status striate_load_weights(striate_graph *graph, const char *path);

// The same for weights of which some are to stay as they are, as striate_init_weights left them.
typedef struct striate_load_options {
    const char *
        allow_missing; // comma-separated globs: where the file lacks these, or has them in another shape, or has more of that name
    int new_head;      // 1: where the file's last layers tell another number of classes apart, and agree in all else
    void (*note)(void *user, const char *sentence); // is told what stays; or NULL
    void *user;
} striate_load_options;
STRIATE_API striate_status striate_load_some_weights(striate_graph *graph, const char *path,
                                                     const striate_load_options *options);

// The parameters whose names match one of the comma-separated globs ("features.*,conv1.weight") are not trained by plans and optimizers made
// from now on, all others are; NULL: all are. Backward stops where nothing below is trained; a batch normalization of which nothing is
// trained uses its running statistics.
STRIATE_API striate_status striate_freeze(striate_graph *graph, const char *globs);

// ---- 7. Plan: a graph compiled for a batch size ----------------------------------------------------------------------------

typedef struct striate_plan striate_plan;
typedef struct striate_plan_options {
    int batch;     // the largest batch; 0: 1
    int train;     // 1: with gradients; a graph without a loss gets striate_cross_entropy on its last node
    uint64_t seed; // of dropout
    int exact; // 1: convolutions add up their products one by one; 0: Winograd's algorithm where it is faster, a rounding of about
               // 1e-5 of the output's scale (Lavin and Gray 2016)
    int recompute;         // 1, in training: less memory, the same bits, up to a forward pass more (see below)
    float label_smoothing; // `smoothing` of every striate_cross_entropy that has none of its own
} striate_plan_options;
// Plans of one graph share its weights. The graph must outlive the plan.
// Training drops what takes hardly a pass over memory to make (batch norm, max pooling) after the forward pass and computes it again where the
// backward pass needs it. With `recompute` the network is cut into segments, and all that is inside them is treated so (Chen et al. 2016).
STRIATE_API striate_status striate_compile(striate_plan **plan, striate_graph *graph, striate_plan_options options);
STRIATE_API void striate_plan_free(striate_plan *plan);

STRIATE_API float *striate_plan_input(striate_plan *plan); // x[batch][H][W][C], to be filled
STRIATE_API int *striate_plan_labels(striate_plan *plan);  // [batch], to be filled where the graph has a loss
// From now on images are mixed of two: a second label each, [batch] to be filled. cross_entropy is `share` of the loss by the first labels and the
// rest by the second; 1, as at first: all of it.
STRIATE_API int *striate_plan_mix(striate_plan *plan, float share);
STRIATE_API const float *striate_plan_output(const striate_plan *plan); // [batch][values] of the last node that is no loss
STRIATE_API int striate_plan_values(const striate_plan *plan);          // its H*W*C
STRIATE_API size_t striate_plan_bytes(const striate_plan *plan);        // activations, gradients and workspace

// As striate_compile, but no memory is taken: such a plan can be looked at, with what follows, and not run.
STRIATE_API striate_status striate_forecast(striate_plan **plan, striate_graph *graph, striate_plan_options options);

typedef struct striate_memory {
    size_t arena;              // activations, their gradients and all scratch, in one block
    size_t bound;              // the most bytes of the arena in use at one step: no plan of these buffers is smaller
    size_t weights, gradients; // of the parameters; gradients and momentum are 0 in inference
    size_t momentum;           // of sgd, the usual optimizer
} striate_memory;
STRIATE_API striate_memory striate_plan_memory(const striate_plan *plan);

// What a plan computes, one step after another: the forward pass of node i is step i; after that, in training, the backward passes from the
// last node to the first, and before some of them forward passes of dropped values once more.
typedef enum striate_phase { STRIATE_PHASE_FORWARD, STRIATE_PHASE_RECOMPUTE, STRIATE_PHASE_BACKWARD } striate_phase;
typedef struct striate_plan_step {
    int node; // as in striate_plan_node_at
    striate_phase phase;
} striate_plan_step;
STRIATE_API int striate_plan_step_count(const striate_plan *plan);
STRIATE_API striate_plan_step striate_plan_step_at(const striate_plan *plan, int step);

// A stretch of the arena, in use from step `first` to step `last`, both included; step -1 is before the first, step_count after the last.
// Values that share memory (in place, concat, flatten) are one buffer.
typedef enum striate_kind { STRIATE_VALUE, STRIATE_GRADIENT, STRIATE_SAVED, STRIATE_PACKED, STRIATE_WORKSPACE } striate_kind;
typedef struct striate_buffer {
    const char *node; // whose it is; of a shared one the last node's
    striate_kind kind;
    int first, last;
    size_t offset, bytes;
} striate_buffer;
STRIATE_API int striate_plan_buffer_count(const striate_plan *plan);
STRIATE_API striate_buffer striate_plan_buffer(const striate_plan *plan, int index);

typedef struct striate_plan_node {
    const char *name, *op;
    const char *forward, *backward_data, *backward_weights; // algorithms; NULL where there is no choice or no such pass
} striate_plan_node;
STRIATE_API int striate_plan_node_count(const striate_plan *plan);
STRIATE_API striate_plan_node striate_plan_node_at(const striate_plan *plan, int index);

// Runs the network on the first `images` images of the input. `step` numbers the training steps: dropout draws from (seed, step).
STRIATE_API void striate_forward(striate_plan *plan, int images, uint64_t step);
// The mean loss of the last forward pass.
STRIATE_API double striate_loss(const striate_plan *plan);
// Gradients of the mean loss with respect to every trained parameter; each call replaces the last one's.
STRIATE_API void striate_backward(striate_plan *plan);
// The gradient of parameter `index` (as in striate_parameter_at, same layout); NULL where it is not trained.
STRIATE_API const float *striate_plan_gradient(const striate_plan *plan, int index);

// How gradients g change weights w at a rate lr; but for LARS the forms are PyTorch's. First g += weight_decay w, but for AdamW.
//   sgd      v = momentum v + g;  w -= lr (v, or g + momentum v with nesterov)
//   adam     m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g^2;  w -= lr (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + eps)
//            in step t = 1, 2, ... (Kingma and Ba 2015)
//   adamw    as adam, but the decay is w -= lr weight_decay w (Loshchilov and Hutter 2019)
//   rmsprop  v = beta2 v + (1 - beta2) g^2;  b = momentum b + g / (sqrt(v) + eps);  w -= lr b (Tieleman and Hinton 2012)
//   lars     v = momentum v + lr T g;  w -= v;  of each weight tensor T = trust |w| / (|gradient| + weight_decay |w|), of biases and batch
//            normalization 1 (You et al. 2017)
typedef enum striate_rule { STRIATE_SGD, STRIATE_ADAM, STRIATE_ADAMW, STRIATE_RMSPROP, STRIATE_LARS } striate_rule;

typedef struct striate_optimizer_options {
    striate_rule rule;
    float momentum; // of sgd, rmsprop and lars, as given
    float weight_decay;
    float norm_weight_decay; // of batch normalization's weight and bias; 0: weight_decay; below 0: none
    float bias_weight_decay; // of every bias; 0: as its layer's; below 0: none
    int nesterov;            // of sgd
    float beta1;             // of adam and adamw; 0: 0.9
    float beta2;             // 0: 0.999 (rmsprop: 0.9)
    float eps;               // 0: 1e-8 (rmsprop: 1, as Inception-v3 was trained)
    float trust;             // of lars; 0: 0.001
    float clip_norm;         // gradients beyond this norm, that of all of them together, are scaled down to it; 0: not
    float clip_value;        // then each value is cut to -clip_value..clip_value; 0: not
    int accumulate;          // 1: striate_accumulate may be called, which takes memory for a sum
    const char *
        lr_scale; // "features.*=0.1,conv1.weight=0.5": times the rate, by the first glob that a parameter's name matches; or NULL
} striate_optimizer_options;
typedef struct striate_optimizer striate_optimizer;
STRIATE_API striate_status striate_optimizer_new(striate_optimizer **optimizer, striate_graph *graph,
                                                 striate_optimizer_options options);
STRIATE_API void striate_optimizer_free(striate_optimizer *optimizer);
// One update of the graph's weights with the plan's gradients, or STRIATE_DIVERGED, naming the first bad layer, and nothing changed.
STRIATE_API striate_status striate_update(striate_optimizer *optimizer, striate_plan *plan, float learning_rate);
// Keeps the plan's gradients for the next update, which then uses the mean over all images since the last one: as if they had been one batch.
STRIATE_API striate_status striate_accumulate(striate_optimizer *optimizer, striate_plan *plan);

// ---- 8. Model: a network with what is needed to use it -------------------------------------------------------------------

typedef struct striate_model striate_model;

// Takes the graph over, also on failure. class_names: [classes] or NULL for "0", "1", ...
STRIATE_API striate_status striate_model_new(striate_model **model, striate_graph *graph,
                                             const striate_preprocessing *preprocessing, const char *const *class_names);
STRIATE_API striate_status striate_model_open(striate_model **model, const char *path);
// Writes one .safetensors file: weights, and as metadata the network text, class names and preprocessing; whole or not at all.
STRIATE_API striate_status striate_model_save(const striate_model *model, const char *path);
STRIATE_API void striate_model_free(striate_model *model);

STRIATE_API striate_graph *striate_model_graph(striate_model *model);
STRIATE_API int striate_model_classes(const striate_model *model);
STRIATE_API const char *striate_model_class_name(const striate_model *model, int label);
STRIATE_API const striate_preprocessing *striate_model_preprocessing(const striate_model *model);
// 1: from now on predictions and evaluations are computed as with `exact` in striate_plan_options; 0, as at first: the fastest way.
STRIATE_API void striate_model_exact(striate_model *model, int exact);

// What predictions and evaluations look at from now on. MODEL, as at first: what the preprocessing says. CENTER: the shorter side to its resize, or
// to 8/7 of the input where it has none (256 for 224), and the middle of that. TEN: of that the middle, the four corners and their mirror
// images, whose probabilities are averaged (Krizhevsky et al. 2012, 4.3); logits are then the logarithms of the averages.
typedef enum striate_crops { STRIATE_CROPS_MODEL, STRIATE_CROPS_CENTER, STRIATE_CROPS_TEN } striate_crops;
STRIATE_API void striate_model_crops(striate_model *model, striate_crops crops);

typedef struct striate_prediction {
    int label;
    float probability;
} striate_prediction;
// The topk most probable classes of one image, most probable first. Probabilities are the softmax of the network's outputs, or the
// outputs themselves where the network ends in softmax.
STRIATE_API striate_status striate_predict(striate_prediction *best, int topk, striate_model *model,
                                           const striate_image *image);
// The raw outputs for one image: logits[classes].
STRIATE_API striate_status striate_logits(float *logits, striate_model *model, const striate_image *image);

typedef struct striate_class_score {
    int images, correct; // correct: of this class's images, predicted as it
    int predicted;       // images predicted as this class, rightly or not
} striate_class_score;
typedef struct striate_evaluation {
    int images, correct, correct5, classes;
    double loss, seconds;
    striate_class_score *per_class; // [classes]
    int *confusion;                 // [true class][predicted class]
    int *predictions, *labels;      // [images] classes of the model's
    float *logits;                  // [images][classes]
} striate_evaluation;
typedef struct striate_evaluate_options {
    int batch_size; // 0: 256
    int limit;      // only the first images; 0: all
    int exact;      // as in striate_plan_options; 0: as striate_model_exact says
    // Called with why images cannot be read, a line each, which are then left out, their predictions -1; NULL: the first is a failure.
    void (*on_bad)(void *user, const char *sentences);
    striate_progress *progress;
    void *user;
} striate_evaluate_options;
// Data that has fewer classes than the model must have some of its, by name.
STRIATE_API striate_status striate_evaluate(striate_evaluation **evaluation, striate_model *model, const striate_data *data,
                                            striate_evaluate_options options);
STRIATE_API void striate_evaluation_free(striate_evaluation *evaluation);

// Writes values[rows][columns] as a NumPy file (.npy 1.0, float32), whole or not at all.
STRIATE_API striate_status striate_save_npy(const char *path, const float *values, size_t rows, size_t columns);

// ---- 9. Training ---------------------------------------------------------------------------------------------------------

// The learning rate over the steps t = 0..T-1 (T = epochs x steps per epoch, the epoch counted from 0):
//   constant  lr                          step         lr gamma^floor(epoch / step_epochs)
//   inv       lr (1 + gamma t)^-power     multistep    lr gamma^(milestones passed)
//   poly      lr (1 - t / T)^power        exponential  lr gamma^epoch
//   cosine    lr_min + (lr - lr_min) (1 + cos(pi t / T)) / 2
//   one_cycle from lr / 25 to lr in the first 0.3 T steps, then to lr / 250000, both along half a cosine (Smith and Topin 2017; as PyTorch's
//             OneCycleLR, but momentum stays as it is)
//   plateau   lr gamma^(how often more than plateau_epochs epochs in a row did not better the loss on validation by 0.01 %)
// times a warmup over the first W = warmup_epochs x steps per epoch: f + (1 - f) (t + 1) / W with f = warmup_factor, or f alone.
typedef enum striate_schedule {
    STRIATE_SCHEDULE_CONSTANT,
    STRIATE_SCHEDULE_STEP,
    STRIATE_SCHEDULE_MULTISTEP,
    STRIATE_SCHEDULE_INV,
    STRIATE_SCHEDULE_COSINE,
    STRIATE_SCHEDULE_EXPONENTIAL,
    STRIATE_SCHEDULE_POLY,
    STRIATE_SCHEDULE_ONE_CYCLE,
    STRIATE_SCHEDULE_PLATEAU
} striate_schedule;

typedef struct striate_epoch {
    int epoch; // 1 for the first
    int64_t step;
    double learning_rate, train_loss, train_top1, val_loss, val_top1,
        val_top5;                      // top-1 and top-5 as fractions; val_* NAN without a set
    double seconds, images_per_second; // of training, without validation
    int best;                          // 1: the best on validation so far
} striate_epoch;

typedef struct striate_training_step {
    int epoch, epochs, image, images; // image: how many of this epoch's images are done. Epoch 0: of the frozen part, once
    int64_t step;
    double loss, top1, learning_rate, images_per_second; // running means over this epoch
    double waiting;                                      // the share of its time that training waits for images
    double prepared_per_second;                          // images that the reading threads could deliver
    int bad;                                             // images of this epoch that could not be read
} striate_training_step;

// What is to be done after a step: go on; save and return STRIATE_INTERRUPTED; save and go on.
typedef enum striate_wish { STRIATE_GO_ON, STRIATE_STOP, STRIATE_SNAPSHOT } striate_wish;

typedef struct striate_training {
    int epochs;          // 0: 10
    int batch_size;      // 0: 64
    int accumulate;      // batches of a step; 0: 1
    float learning_rate; // 0: 0.01
    striate_optimizer_options optimizer;
    striate_schedule schedule;
    int step_epochs;   // 0: 30
    int milestones[8]; // epochs, rising; 0 ends the list
    float gamma;       // 0: 0.1 (inv: 0.0001)
    float power;       // 0: 0.75 (poly: 1)
    float lr_min;
    int plateau_epochs; // 0: 10
    float warmup_epochs;
    int warmup_constant;   // 1: at the factor until the warmup is over; 0: rising
    float warmup_factor;   // 0: 0 (constant: 0.1, as ResNet-110 was trained)
    float label_smoothing; // as in striate_plan_options
    float
        ema_decay; // above 0: an average of the weights, average += (1 - ema_decay) (weights - average) after each step, is what is validated,
    // saved as model.safetensors, and in the model at the end; it begins after the warmup
    int patience; // stop after so many epochs that were not the best on validation; 0: never
    const char
        *weights; // begin with those of this file, as striate_load_some_weights with new_head does; NULL: with the seed's
    const char *allow_missing; // as in striate_load_options
    const char *freeze; // as in striate_freeze. What the frozen part makes of each image is computed once and kept, to the
                        // same outcome, if no image changes at random or is left out and half of the memory there is holds it
    uint64_t seed;      // of initial weights, order and dropout
    int exact;          // as in striate_plan_options, for training and validation
    int recompute;      // as in striate_plan_options; the outcome is the same, so a resumed training may choose anew
    striate_augmentation augmentation;
    const char *out; // run folder, made if missing; NULL: write nothing
    int skip_bad; // 1: images that cannot be read are left out, until they are more than 1 %; 0: the first of them is a failure
    int resume;   // 1: go on from out/last.safetensors
    int overwrite;         // 1: begin anew in a folder that holds a training, which is lost; 0: refuse such a folder
    int save_steps;        // also write last.safetensors every so many steps; 0: each epoch
    int tensorboard;       // 1: also write out/events.out.tfevents.*
    const char *arguments; // a JSON object for out/args.json; NULL: made of this struct
    int keep;              // also keep the checkpoints of the last so many epochs, as epoch-N.safetensors; 0: none
    int rollbacks;         // where training diverges go back to last.safetensors and halve the rate, so often at most; 0: fail
    int (*on_step)(void *user, const striate_training_step *step); // returns a striate_wish
    void (*on_epoch)(void *user, const striate_epoch *epoch);
    void (*on_bad)(void *user, const char *sentences); // why images of a batch are left out, a line each
    void (*on_note)(void *user, const char *sentence); // what is worth saying: a new head, a rollback
    void *user;
} striate_training;
// Trains on `data` and validates on `validation` (NULL: not) after each epoch. Unless it resumes, it first initialises the weights from the
// seed, or reads them. After it the model holds the weights of the last epoch; the run folder holds
//   model.safetensors  the best on validation (without validation: the last)     metrics.jsonl, metrics.csv  a row per epoch
//   last.safetensors   all that an exact resume needs                            args.json; curve.png, confusion.png, ...
//   report.html        all of it to look at, in one file, after each epoch or so
STRIATE_API striate_status striate_train(striate_model *model, const striate_data *data, const striate_data *validation,
                                         const striate_training *training);

// The loss while the learning rate grows from `low` to `high`, a step each, from the weights that the model has, which it has again afterwards
// (Smith 2017, 3.3). Of the training count what decides a step: data, batches, optimizer, losses, frozen parameters.
typedef struct striate_lr_options {
    float low, high; // 0: 1e-6, 10
    int steps;       // 0: 100
} striate_lr_options;
typedef struct striate_lr_curve {
    int count;                       // the curve ends early where the smooth loss is four times its lowest, or no number
    double *rates, *losses, *smooth; // [count]; smooth: smooth = 0.9 smooth + 0.1 loss, corrected for its beginning at 0
    double suggestion;               // by means of a tenth of the steps, half-way from where the losses fall most to where they
                                     // are lowest, in orders of magnitude; 0: they fall by less than five standard errors
} striate_lr_curve;
// free() releases the curve.
STRIATE_API striate_status striate_lr_find(striate_lr_curve **curve, striate_model *model, const striate_data *data,
                                           const striate_training *training, striate_lr_options options);

// Layers that learn without labels, one after another from the first, each from what those below it make of the images. A convolution under
// striate_prob_max_pool learns as a restricted Boltzmann machine, by contrastive divergence of one step (Lee et al. 2009; visible units are binary above
// such pooling, else Gaussian); striate_s_cells learn as the neocognitron's, by reinforcing the largest of them (Fukushima 1980).
typedef struct striate_pretraining_step {
    const char *layer;
    int epoch, epochs, image, images; // image: how many of this epoch's images are done; all of them: the epoch is over
    double error;  // mean squared difference of visible units and their reconstruction in this epoch; NAN for S cells
    double active; // mean of the units in this epoch; of S cells the share that responds
    double seconds, images_per_second;
} striate_pretraining_step;
typedef struct striate_pretraining {
    int epochs;          // of each layer; 0: 100, and 20 for S cells
    int images;          // of an epoch, taken in turn from the data; 0: as many as it has, at most 1000
    int batch_size;      // images of an update; 0: 1
    float learning_rate; // of the Boltzmann machines; 0: 0.1, times 1 / (1 + 0.01 epochs)
    float sparsity;      // the mean that their units are driven to, 0: 0.003,
    float sparsity_cost; // and how hard; 0: 5
    float weight_decay;  // 0: 0.01
    uint64_t seed;
    striate_augmentation augmentation;
    const char *out;                                                  // run folder, made if missing; NULL: write nothing
    int overwrite;                                                    // 1: also where it holds a model
    int (*on_step)(void *user, const striate_pretraining_step *step); // returns a striate_wish
    void *user;
} striate_pretraining;
// The run folder holds model.safetensors, written after each layer and when stopped, metrics.jsonl, metrics.csv, curve.png, and LAYER.png: the
// filters, those of a second machine and above as sums of the first one's. It cannot be resumed. A dense layer above the last S cells gets a 1
// from each plane to the class whose images excite it most, the only use of labels.
STRIATE_API striate_status striate_pretrain(striate_model *model, const striate_data *data, const striate_pretraining *how);

// What a training left in its run folder.
typedef struct striate_run {
    const striate_epoch *epochs; // a row per finished epoch
    int count;
    const char *arguments; // args.json, a JSON object
} striate_run;
STRIATE_API striate_status striate_run_open(striate_run **run, const char *folder);
STRIATE_API void striate_run_close(striate_run *run);

// What striate_train will take beyond what the process holds already (the data, the model's weights), found without taking it.
typedef struct striate_training_memory {
    striate_memory plan;
    size_t optimizer;  // its state, and the average of weights
    size_t batches;    // images read ahead, and what the frozen part makes of all of them
    size_t validation; // a plan for inference, its batches and outputs
    size_t checkpoint; // copies to be written, while validation's batches are gone
    size_t pictures;   // of the report, in turn with those; an estimate
    size_t total;      // the most at once
} striate_training_memory;
STRIATE_API striate_status striate_training_forecast(striate_training_memory *memory, striate_model *model,
                                                     const striate_data *data, const striate_data *validation,
                                                     const striate_training *training);

// ---- 10. Measuring -------------------------------------------------------------------------------------------------------

typedef struct striate_layer {
    const char *name, *op;
    striate_size size;            // of the output
    int64_t parameters;           // trained values
    int64_t macs, flops;          // multiply-adds of convolutions and dense layers for one image; flops = 2 x macs
    int64_t activation_bytes;     // of the output of one image
    int64_t values;               // of that output; 0 where the op can work in its inputs' memory, as ReLU or concat
    int64_t connections;          // for one image: multiply-adds, biases, pixels subsampled (LeCun et al. 1998, II.B)
    int receptive_h, receptive_w; // pixels of the network's input that one output pixel sees
    int stride_h, stride_w;       // input pixels from one output pixel to the next
    const striate_node *node;
    striate_size input; // the size of the first input; 0 where there is none
    int input_gradient; // 1: training needs the gradient of its input; 0: nothing before it has weights
    int training_only;  // 1: the output does not need it: a loss, or part of an auxiliary classifier
} striate_layer;
// A row per node, in order; free() releases them. The names belong to the graph.
STRIATE_API striate_status striate_layers(striate_layer **layers, int *count, const striate_graph *graph);

// Convolutions and dense layers alone, on made-up values: what each pass takes where nothing else disturbs the caches. All layers that one
// bench measures share its memory, which grows to what the largest needs.
typedef struct striate_bench striate_bench;
typedef struct striate_bench_options {
    int exact;      // as in striate_plan_options
    double seconds; // spent on each measurement, but at least two runs; 0: 0.1
} striate_bench_options;
STRIATE_API striate_status striate_bench_new(striate_bench **bench, striate_bench_options options);
STRIATE_API void striate_bench_free(striate_bench *bench);

// STRIATE_PACK: weights into the order that the forward pass reads them in, once in a training step and once for all of inference.
typedef enum striate_pass { STRIATE_FORWARD, STRIATE_BACKWARD_DATA, STRIATE_BACKWARD_WEIGHTS, STRIATE_PACK } striate_pass;
typedef struct striate_measurement {
    double seconds;        // the fastest run, after one that is not counted
    const char *algorithm; // "direct", "winograd", ...
} striate_measurement;
STRIATE_API striate_status striate_bench_layer(striate_measurement *measurement, striate_bench *bench,
                                               const striate_layer *layer, int batch, striate_pass pass);

// Calls `watch` whenever a node is done with its part of a pass through the plan, in the thread that runs it: `node` as in striate_plan_node_at;
// pass STRIATE_PACK, STRIATE_FORWARD, or STRIATE_BACKWARD_DATA for all its gradients. A node that is computed again comes
// again, too. NULL: nobody watches. For measuring, with the caller's clock.
typedef void striate_watch(void *user, int node, striate_pass pass);
STRIATE_API void striate_plan_watch(striate_plan *plan, striate_watch *watch, void *user);

// ---- 11. Pictures --------------------------------------------------------------------------------------------------------

typedef struct striate_series {
    const char *label;
    const double *x, *y; // [count]; NAN leaves a gap
    int count;
    int right_axis; // 1: measured on the right axis
} striate_series;
STRIATE_API striate_status striate_draw_curves(const char *path, const char *title, const char *x_label, const char *left_label,
                                               const char *right_label, const striate_series *series, int count);
// matrix[true][predicted], counts.
STRIATE_API striate_status striate_draw_confusion(const char *path, const char *title, const int *matrix,
                                                  const char *const *names, int classes);
typedef struct striate_tile {
    const striate_image *image;
    const char *caption, *note; // note: a second line, NULL: none
    int mark;                   // 0 plain, 1 right (green), -1 wrong (red)
} striate_tile;
STRIATE_API striate_status striate_draw_sheet(const char *path, const char *title, const striate_tile *tiles, int count,
                                              int columns);
// The kernels of a convolution as images, each scaled by its own range; RGB where it reads three channels, else one tile per filter with
// its first channel.
STRIATE_API striate_status striate_draw_filters(const char *path, striate_graph *graph, const char *node);

#ifdef __cplusplus
}
#endif
#endif
