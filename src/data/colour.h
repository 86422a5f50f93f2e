// colour.h - changes of an image's colours, in place. A factor of 1 changes nothing, of 0 leaves black, one gray, or gray shades.
#ifndef COLOUR_H
#define COLOUR_H

#include "striate.h"

void colour_brightness(striate_image *image, float factor);
void colour_contrast(striate_image *image, float factor);   // about the mean gray
void colour_saturation(striate_image *image, float factor); // about each pixel's own gray
void colour_hue(striate_image *image, float turn);          // turn: of the colour circle, -0.5 to 0.5
void colour_shift(striate_image *image, const float add[3]);
striate_status colour_sharpness(striate_image *image, float factor); // about the image smoothed
void colour_posterize(striate_image *image, int bits);               // the upper bits of each value stay
void colour_solarize(striate_image *image, int threshold);           // values from it on are inverted
void colour_autocontrast(striate_image *image);                      // each channel stretched to 0..255
void colour_equalize(striate_image *image);                          // each channel's histogram made even

#endif
