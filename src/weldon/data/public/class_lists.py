"""Class names of the public data sets, in the order of their own files."""

from __future__ import annotations

# VOC 2012 development kit, section 2.3, spelt as the files of ImageSets/Action; "other" is no class.
ACTION_CLASSES = (
    *("jumping", "phoning", "playinginstrument", "reading", "ridingbike", "ridinghorse", "running"),
    *("takingphoto", "usingcomputer", "walking"),
)

# categories of instances_train2014.json, by their ids (which have gaps: 1 to 90).
COCO_CLASSES = (
    *("person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat"),
    *("traffic light", "fire hydrant", "stop sign", "parking meter", "bench"),
    *("bird", "cat", "dog", "horse", "sheep", "cow", "elephant", "bear", "zebra", "giraffe"),
    *("backpack", "umbrella", "handbag", "tie", "suitcase"),
    *("frisbee", "skis", "snowboard", "sports ball", "kite", "baseball bat", "baseball glove"),
    *("skateboard", "surfboard", "tennis racket"),
    *("bottle", "wine glass", "cup", "fork", "knife", "spoon", "bowl"),
    *("banana", "apple", "sandwich", "orange", "broccoli", "carrot", "hot dog", "pizza", "donut", "cake"),
    *("chair", "couch", "potted plant", "bed", "dining table", "toilet"),
    *("tv", "laptop", "mouse", "remote", "keyboard", "cell phone"),
    *("microwave", "oven", "toaster", "sink", "refrigerator"),
    *("book", "clock", "vase", "scissors", "teddy bear", "hair drier", "toothbrush"),
)

# Folders of indoorCVPR_09/Images, spelt as there.
MIT67_CLASSES = (
    *("airport_inside", "artstudio", "auditorium", "bakery", "bar", "bathroom", "bedroom", "bookstore"),
    *("bowling", "buffet", "casino", "children_room", "church_inside", "classroom", "cloister", "closet"),
    *("clothingstore", "computerroom", "concert_hall", "corridor", "deli", "dentaloffice", "dining_room"),
    *("elevator", "fastfood_restaurant", "florist", "gameroom", "garage", "greenhouse", "grocerystore"),
    *("gym", "hairsalon", "hospitalroom", "inside_bus", "inside_subway", "jewelleryshop", "kindergarden"),
    *("kitchen", "laboratorywet", "laundromat", "library", "livingroom", "lobby", "locker_room", "mall"),
    *("meeting_room", "movietheater", "museum", "nursery", "office", "operating_room", "pantry"),
    *("poolinside", "prisoncell", "restaurant", "restaurant_kitchen", "shoeshop", "stairscase"),
    *("studiomusic", "subway", "toystore", "trainstation", "tv_studio", "videostore", "waitingroom"),
    *("warehouse", "winecellar"),
)
