"""Name the index that masks of any kind give to pixels that count nowhere: 255, as PASCAL VOC has it."""

VOID = 255
