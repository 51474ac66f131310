"""From a folder of images to batches of numbers: layouts, survey, decoding, packing, order, augmentation."""
