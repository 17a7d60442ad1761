use wasm_bindgen::JsValue;
use yew::prelude::*;
use yew::virtual_dom::{AttributeOrProperty, Attributes, VNode, VTag, VText};

use crate::page::text;

/// An element, built piece by piece.
///
/// It has no listeners: the page's script listens to the whole card. `html!` writes all the steps out anew for each
/// element: for this card 1.4 KB of the download.
pub struct Element(Box<Parts>);

struct Parts {
    tag: VTag,
    values: Vec<Option<AttributeOrProperty>>,
}

macro_rules! attributes {
    ($($name:ident $word:literal)*) => {
        /// An attribute's place in [`NAMES`].
        #[derive(Clone, Copy)]
        pub enum Name { $($name),* }

        /// One list for all elements: two lists are compared name by name, one with itself not at all.
        const NAMES: &[&str] = &[$($word),*];
    };
}

attributes! {
    AriaBusy "aria-busy" AriaDisabled "aria-disabled" AriaHidden "aria-hidden" AriaLabel "aria-label"
    AriaLabelledby "aria-labelledby" Autocomplete "autocomplete" Class "class" Dir "dir" Disabled "disabled"
    Display "data-display" Hidden "hidden" Href "href" Id "id" Lang "lang" Maxlength "maxlength" Metric "data-metric"
    Named "name" Novalidate "novalidate" On "data-on" Readonly "readonly" Rel "rel" Role "role" Rows "rows"
    Tabindex "tabindex" Target "target" Type "type" Value "value"
}

impl Element {
    /// Without attributes, listeners and children.
    #[inline(never)]
    pub fn new(tag: &'static str) -> Self {
        Self(Parts { tag: VTag::new(tag), values: vec![None; NAMES.len()] }.into())
    }

    /// With an attribute.
    #[inline(never)]
    pub fn with(self, name: Name, value: &'static str) -> Self {
        self.set(name, AttrValue::Static(value))
    }

    /// With an attribute known only now.
    #[inline(never)]
    pub fn set(mut self, name: Name, value: AttrValue) -> Self {
        if let Some(place) = self.0.values.get_mut(name as usize) {
            *place = Some(AttributeOrProperty::Attribute(value));
        }
        self
    }

    /// With an attribute from a member of an object.
    #[inline(never)]
    pub fn copy(self, name: Name, object: &JsValue, member: &str) -> Self {
        self.set(name, text(object, member))
    }

    /// With words from a member of an object inside.
    #[inline(never)]
    pub fn say(self, object: &JsValue, member: &str) -> Self {
        self.text(text(object, member))
    }

    /// With an attribute that says all by being there.
    #[inline(never)]
    pub fn flag(self, name: Name, there: bool) -> Self {
        if there { self.with(name, "") } else { self }
    }

    /// With an element inside.
    #[inline(never)]
    pub fn child(self, child: Self) -> Self {
        self.node(child.into())
    }

    /// With words inside.
    #[inline(never)]
    pub fn text(self, words: AttrValue) -> Self {
        self.node(VText::new(words).into())
    }

    /// With elements inside.
    #[inline(never)]
    pub fn children(mut self, children: Vec<VNode>) -> Self {
        self.0.tag.add_children(children);
        self
    }

    #[inline(never)]
    fn node(mut self, child: VNode) -> Self {
        self.0.tag.add_child(child);
        self
    }
}

impl From<Element> for VNode {
    #[inline(never)]
    fn from(element: Element) -> Self {
        let Parts { mut tag, values } = *element.0;
        tag.set_attributes(Attributes::Dynamic { keys: NAMES, values: values.into() });
        tag.into()
    }
}
