//! Named arrays of numbers as safetensors bytes, and back with every shape checked.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use safetensors::tensor::{Dtype, SafeTensors, View};

/// One array.
#[derive(Debug, Clone)]
struct Stored {
    kind: Dtype,
    shape: Vec<usize>,
    bytes: Vec<u8>,
}

impl View for &Stored {
    fn dtype(&self) -> Dtype {
        self.kind
    }
    fn shape(&self) -> &[usize] {
        &self.shape
    }
    fn data(&self) -> Cow<'_, [u8]> {
        Cow::Borrowed(&self.bytes)
    }
    fn data_len(&self) -> usize {
        self.bytes.len()
    }
}

/// Named arrays. Reading says what is wrong in words; the caller adds the file.
#[derive(Debug, Clone, Default)]
pub(super) struct Tensors(BTreeMap<String, Stored>);

impl Tensors {
    pub(super) fn put_f32(&mut self, name: impl Into<String>, shape: &[usize], values: &[f32]) {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.0.insert(name.into(), Stored { kind: Dtype::F32, shape: shape.to_vec(), bytes });
    }

    pub(super) fn put_f64(&mut self, name: impl Into<String>, values: &[f64]) {
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.0.insert(name.into(), Stored { kind: Dtype::F64, shape: vec![values.len()], bytes });
    }

    /// The same arrays give the same bytes: names are sorted, and one metadata entry has no order to lose.
    pub(super) fn to_bytes(&self, kind: &str) -> Result<Vec<u8>, String> {
        let metadata = HashMap::from([("format".to_owned(), kind.to_owned())]);
        safetensors::serialize(self.0.iter().map(|(name, stored)| (name.as_str(), stored)), Some(metadata))
            .map_err(|error| error.to_string())
    }

    pub(super) fn from_bytes(bytes: &[u8], kind: &str) -> Result<Self, String> {
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|error| error.to_string())?;
        let found = metadata.metadata().as_ref().and_then(|entries| entries.get("format"));
        if found.map(String::as_str) != Some(kind) {
            return Err(format!("it is not of the kind `{kind}`"));
        }
        let file = SafeTensors::deserialize(bytes).map_err(|error| error.to_string())?;
        let arrays = file.iter().map(|(name, view)| {
            let stored =
                Stored { kind: view.dtype(), shape: view.shape().to_vec(), bytes: view.data().to_vec() };
            (name.to_owned(), stored)
        });
        Ok(Self(arrays.collect()))
    }

    pub(super) fn take_f32(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, String> {
        let stored = self.take(name, Dtype::F32, shape)?;
        let (parts, _) = stored.bytes.as_chunks::<4>();
        let values: Vec<f32> = parts.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        let finite = values.iter().all(|value| value.is_finite());
        if finite { Ok(values) } else { Err(format!("`{name}` holds a number that is not finite")) }
    }

    pub(super) fn take_f64(&mut self, name: &str, length: usize) -> Result<Vec<f64>, String> {
        let stored = self.take(name, Dtype::F64, &[length])?;
        let (parts, _) = stored.bytes.as_chunks::<8>();
        Ok(parts.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect())
    }

    fn take(&mut self, name: &str, kind: Dtype, shape: &[usize]) -> Result<Stored, String> {
        let stored = self.0.remove(name).ok_or_else(|| format!("`{name}` is missing"))?;
        if stored.kind != kind || stored.shape != shape {
            let (found, found_shape) = (stored.kind, stored.shape);
            return Err(format!("`{name}` is {found:?} {found_shape:?}, not {kind:?} {shape:?}"));
        }
        Ok(stored)
    }
}
